/** What is allowed: pure functions of the configuration, the stored choice and the time. */

/** @typedef {import('./types').Choice} Choice */
/** @typedef {import('./types').Config} Config */
/** @typedef {import('./types').Regime} Regime */
/** @typedef {import('./types').Verdict} Verdict */

const DAY = 86400;

/**
 * Whether the server's own cookies are this page's too; the server has the same rule
 * (`same_site` in sites.py), and says in `http` where it believes to be.
 * @param {Config['cookie']} cookie
 * @param {{protocol: string, hostname: string}} page
 */
export const sameSite = ({ domain, http }, { protocol, hostname }) => {
  const [scheme, own] = (http || '').split('//');
  return (
    scheme === protocol &&
    (domain
      ? [own, hostname].every((host) => ('.' + host).endsWith('.' + domain))
      : own === hostname)
  );
};

/** @param {Regime} regime */
export const isLax = (regime) =>
  Object.values(regime.categories).some((rule) => rule !== 'opt-in');

/**
 * The regime that holds here and now: a lax answer must be fresh and fit the browser's time zone.
 * @param {Config} config
 * @param {number} now milliseconds
 * @param {string} zone
 * @returns {Regime}
 */
export function regimeNow(config, now, zone) {
  const regime = config.regime;
  if (!LAX) return regime;
  const fresh = now - Date.parse(config.day) <= 2 * DAY * 1000;
  const fits = !regime.tz || regime.tz.some((prefix) => zone.startsWith(prefix));
  if (!isLax(regime) || (fresh && fits)) return regime;
  return { ...regime, model: 'opt-in', show: 'dialog', categories: {}, google: 'denied' };
}

/**
 * @param {Regime} regime
 * @param {string} category
 */
export const rule = (regime, category) =>
  regime.categories[category] || regime.categories.statistics || 'opt-in';

/** @param {Choice} choice */
export const refuses = (choice) => Object.values(choice.categories).some((given) => !given);

/**
 * How long a choice lives. In a lax regime an opt-out must not lapse into a grant or a new
 * question within the year, however short the site's own interval.
 * @param {Config} config
 * @param {Regime} regime
 * @param {Choice} choice
 * @returns {number} seconds
 */
export function lifeOf(config, regime, choice) {
  if (!LAX || !isLax(regime) || !refuses(choice)) return config.life;
  return Math.max(config.life, (regime.reprompt_months || 12) * 30.5 * DAY);
}

/**
 * @param {Config} config
 * @param {Regime} regime
 * @param {Choice | null} choice
 * @param {number} now milliseconds
 * @returns {Choice | null}
 */
export function unexpired(config, regime, choice, now) {
  if (!choice) return null;
  const age = now / 1000 - choice.t;
  return age < -DAY || age >= lifeOf(config, regime, choice) ? null : choice;
}

/**
 * @param {Config} config
 * @param {Regime} regime
 * @param {Choice | null} choice unexpired
 * @param {number} now milliseconds
 * @returns {Verdict}
 */
export function verdict(config, regime, choice, now) {
  const answered = !choice || choice.asks >= config.asks;
  const closed = !!choice && choice.pending && now / 1000 - choice.t > DAY;
  /** @type {Verdict} */
  const out = { categories: { necessary: true }, services: {} };
  for (const id of config.categories) {
    const said = choice ? choice.categories[id] : undefined;
    out.categories[id] =
      said === undefined ? LAX && answered && rule(regime, id) !== 'opt-in' : said && !closed;
  }
  for (const { id, category } of config.services) {
    const said = choice ? choice.services[id] : undefined;
    out.services[id] =
      !!category &&
      !!out.categories[category] &&
      (category === 'necessary' || (said === undefined ? answered : said));
  }
  return out;
}

/**
 * What to show unasked: nothing, the first dialog or the slim bar.
 * @param {Config} config
 * @param {Regime} regime
 * @param {Choice | null} choice unexpired
 * @returns {'' | 'dialog' | 'bar'}
 */
export function prompt(config, regime, choice) {
  if (!config.categories.length || regime.show === 'link') return '';
  if (choice && (choice.asks >= config.asks || (LAX && isLax(regime) && refuses(choice)))) return '';
  return regime.show;
}
