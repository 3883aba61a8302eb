/** One POST, by whatever the page has left of the browser's ways. */

/** @typedef {{status: number, ok: boolean, later: string | null, reply: any}} Answer */

/** The older way. @param {string} url @param {string} body @param {boolean} http @returns {Promise<Answer>} */
const older = (url, body, http) =>
  new Promise((done, fail) => {
    const asked = new XMLHttpRequest();
    asked.open('POST', url);
    asked.withCredentials = http;
    asked.timeout = 2e4;
    asked.onerror = asked.ontimeout = fail;
    asked.onload = () => {
      const { status, responseText } = asked;
      let reply = {};
      try {
        reply = JSON.parse(responseText) || {};
      } catch (e) {}
      const later = asked.getResponseHeader('Retry-After');
      done({ status, ok: status > 199 && status < 300, later, reply });
    };
    asked.send(body);
  });

/**
 * @param {string} url
 * @param {string} body
 * @param {boolean} http whether cookies go along
 * @returns {Promise<Answer>} rejects where no answer came
 */
export async function post(url, body, http) {
  if (typeof fetch !== 'function') return older(url, body, http);
  /** What a page put on `Object.prototype` is no option of ours. @type {any} */
  const options = {
    __proto__: null,
    method: 'POST',
    body,
    keepalive: true,
    credentials: http ? 'include' : 'omit',
    signal: AbortSignal.timeout && AbortSignal.timeout(2e4),
  };
  const answer = await fetch(url, options);
  // A wrapper of the page's that passes on no answer.
  if (!answer || !answer.status) return older(url, body, http);
  const { status, ok, headers } = answer;
  const reply = (await answer.json().catch(() => null)) || {};
  return { status, ok, later: headers.get('Retry-After'), reply };
}
