/**
 * The road from frames to an API of the page: a named frame that they look for, and messages.
 * GPP: CMP API Specification 1.1; TCF: CMP API v2, "Using postMessage". Answers go to whoever
 * asked, of any origin, as both say; what is answered is no secret of the page.
 */

/** @typedef {{command: string, parameter?: any, version?: any, callId: any}} Asked */

/**
 * @param {string} name `__gpp` or `__tcfapi`
 * @param {(asked: Asked, reply: (value: unknown, success: boolean) => void) => void} call
 */
export function bridge(name, call) {
  const locate = () => {
    if (name + 'Locator' in window) return;
    if (!document.body) {
      setTimeout(locate, 5);
      return;
    }
    const frame = document.createElement('iframe');
    frame.style.display = 'none';
    frame.name = name + 'Locator';
    document.body.append(frame);
  };
  locate();
  addEventListener('message', ({ data, source }) => {
    try {
      const written = typeof data === 'string';
      const asked = (written ? JSON.parse(data) : data)[name + 'Call'];
      if (!asked) return;
      call(asked, (returnValue, success) => {
        const reply = { [name + 'Return']: { returnValue, success, callId: asked.callId } };
        const to = /** @type {Window} */ (source);
        try {
          to.postMessage(written ? JSON.stringify(reply) : reply, '*');
        } catch (e) {} // the frame has gone, or nobody could be told this
      });
    } catch (e) {}
  });
}
