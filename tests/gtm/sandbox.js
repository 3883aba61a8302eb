/**
 * Stand-ins for the APIs of Tag Manager's sandbox, written from their documentation: each asks the
 * template's own permissions first, as the real ones do, and notes its call in `calls`.
 *
 * @param {{code: string, permissions: any[], host: any}} given `host` is the page: window, cookies,
 *   now, insert(url, done, failed)
 */
function sandbox({ code, permissions, host }) {
  const calls = [];
  const mocks = {};
  const plain = ({ type, string, boolean, listItem, mapKey, mapValue }) => {
    if (type === 2) return listItem.map(plain);
    if (type === 3) return Object.fromEntries(mapKey.map((key, i) => [plain(key), plain(mapValue[i])]));
    return type === 8 ? boolean : string;
  };
  const granted = {};
  for (const { instance } of permissions) {
    granted[instance.key.publicId] = Object.fromEntries(
      instance.param.map(({ key, value }) => [key, plain(value)]),
    );
  }
  const escaped = (text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  const may = {
    access_consent: (way, type) =>
      granted.access_consent?.consentTypes.some((row) => row.consentType === type && row[way]),
    access_globals: (way, key) =>
      granted.access_globals?.keys.some((row) => row.key === key && row[way]),
    get_cookies: (name) => granted.get_cookies?.cookieNames.includes(name),
    inject_script: (url) =>
      granted.inject_script?.urls.some((each) => new RegExp(`^${escaped(each)}$`).test(url)),
    write_data_layer: (key) => granted.write_data_layer?.keyPatterns.includes(key),
  };
  const demand = (permission, ...query) => {
    if (!may[permission](...query)) throw new Error(`not permitted: ${permission} ${query}`);
  };
  const at = (path) => path.split('.').reduce((found, key) => found?.[key], host.window);
  const place = (path) => {
    const keys = path.split('.');
    const last = keys.pop();
    return [keys.length ? at(keys.join('.')) : host.window, last];
  };
  const consent = (state) =>
    Object.keys(state)
      .filter((key) => key !== 'region' && key !== 'wait_for_update')
      .forEach((type) => demand('access_consent', 'write', type));
  const apis = {
    callInWindow(path, ...values) {
      demand('access_globals', 'execute', path);
      const [owner, name] = place(path);
      return typeof owner?.[name] === 'function' ? owner[name](...values) : undefined;
    },
    copyFromWindow(path) {
      demand('access_globals', 'read', path);
      return at(path);
    },
    createQueue(path) {
      demand('access_globals', 'read', path);
      demand('access_globals', 'write', path);
      const [owner, name] = place(path);
      if (owner[name] === undefined) owner[name] = [];
      return (value) => owner[name].push(value);
    },
    getCookieValues(name) {
      demand('get_cookies', name);
      return host
        .cookies()
        .split('; ')
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => decodeURIComponent(pair.slice(name.length + 1)));
    },
    getTimestampMillis: () => host.now(),
    gtagSet: (key) => demand('write_data_layer', key),
    injectScript(url, done, failed) {
      demand('inject_script', url);
      host.insert(url, done, failed);
    },
    makeNumber: (value) => Number(value),
    queryPermission: (name, ...query) => !!may[name]?.(...query),
    setDefaultConsentState: consent,
    setInWindow(path, value, override) {
      demand('access_globals', 'write', path);
      const [owner, name] = place(path);
      if (owner[name] !== undefined && !override) return false;
      owner[name] = value;
      return true;
    },
    updateConsentState: consent,
  };
  const noted =
    (name, real) =>
    (...values) => {
      calls.push([name, values]);
      if (!(name in mocks)) return real(...values);
      return typeof mocks[name] === 'function' ? mocks[name](...values) : mocks[name];
    };
  const required = [];
  const require = (name) => {
    if (!apis[name]) throw new Error(`no such API: ${name}`);
    required.push(name);
    return noted(name, apis[name]);
  };
  const run = (data) => {
    const end = (name) => noted(name, () => {});
    const all = { ...data, gtmOnSuccess: end('gtmOnSuccess'), gtmOnFailure: end('gtmOnFailure') };
    new Function('require', 'data', `'use strict';\n${code}`)(require, all);
  };
  return { calls, mocks, required, run };
}
