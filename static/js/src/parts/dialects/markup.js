/** Other tools' attributes and classes, turned into ours where they stand. */

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./shim.js').Watch} Watch */

const OPTANON = /(?:^|\s)optanon-category-(\S+)/;
const CATEGORY = ['data-cookieconsent', 'data-cookiecategory', 'data-cookieyes', 'data-category'];
const SOURCES = ['data-cmplz-src', 'data-src-cmplz', 'data-cookieblock-src'];
const HELD = 'script[type="text/plain"],iframe,img,link[data-href]';
const MARKED = [...CATEGORY, ...SOURCES, 'data-service', 'data-name'].map((name) => `[${name}]`);
const SELECTOR = [...MARKED, '[class*="optanon-category-"]'].join();

/** What a click on theirs means. @type {[string, string][]} */
const BUTTONS = [
  [
    '[data-cc="show-consentModal"],[data-cc="accept-custom"],[data-cc="accept-selection"],' +
      '[data-cc="c-settings"],[data-cc="show-settings"],[data-cc="show-preferencesModal"],' +
      '.ot-sdk-show-settings,#ot-sdk-btn,.optanon-toggle-display,.optanon-show-settings,' +
      '.cmplz-manage-consent,.cmplz-view-preferences,.cmplz-manage-settings,.cmplz-show-banner,' +
      '.cmplz-accept-service,.cky-banner-element,[data-cky-tag="revisit-consent"],' +
      'a[href$="#tarteaucitron"]',
    'preferences',
  ],
  ['.cmplz-accept,[data-cc="accept-all"]', 'accept'],
  ['.cmplz-deny,[data-cc="accept-necessary"]', 'reject'],
];

/**
 * Players of tarteaucitron: class, attribute with the number, address, parameters it passes on.
 * @type {[string, string, string, string][]}
 */
const PLAYERS = [
  [
    'youtube_player',
    'videoID',
    'https://www.youtube-nocookie.com/embed/',
    'theme rel controls showinfo autoplay mute start end loop enablejsapi',
  ],
  [
    'youtube_playlist_player',
    'playlistID',
    'https://www.youtube-nocookie.com/embed/videoseries?list=',
    'theme rel controls showinfo autoplay mute loop',
  ],
  [
    'vimeo_player',
    'videoID',
    'https://player.vimeo.com/video/',
    'title byline portrait loop autoplay autopause background color controls muted playsinline',
  ],
  ['dailymotion_player', 'videoID', 'https://www.dailymotion.com/embed/video/', 'autoplay'],
];

/** Whatever is of interest at all: asked first, so that the rest of a page costs one look. */
const ANY = [
  SELECTOR,
  ...PLAYERS.map(([name]) => '.' + name),
  ...BUTTONS.map(([selector]) => selector),
  '[data-type=placeholder]',
].join();

/** @param {Element} node @param {string[]} names */
const first = (node, names) => {
  for (const name of names) if (node.hasAttribute(name)) return node.getAttribute(name) || '';
  return '';
};

/** @param {Element} node @param {string} name @param {string} value */
const put = (node, name, value) => {
  if (!value || node.getAttribute(name) === value) return false;
  node.setAttribute(name, value);
  return true;
};

export class Markup {
  /**
   * @param {Page} page
   * @param {Words} words
   */
  constructor(page, words) {
    this.page = page;
    this.words = words;
    /** @type {WeakSet<Element>} */
    this.seen = new WeakSet();
    this.sheet = new CSSStyleSheet();
  }

  /** @param {Watch} watch */
  begin(watch) {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
    this.all(document.documentElement);
    this.show();
    watch.on(() => this.show());
    document.addEventListener('click', (event) => this.clicked(event), true);
    new MutationObserver((list) => {
      for (const { addedNodes } of list) {
        for (const node of addedNodes) if (node instanceof Element) this.all(node);
      }
    }).observe(document.documentElement, { childList: true, subtree: true });
  }

  /** @param {Element} root */
  all(root) {
    if (!root.matches(ANY) && !root.querySelector(ANY)) return;
    const within = (/** @type {string} */ selector) => [
      ...(root.matches(selector) ? [root] : []),
      ...root.querySelectorAll(selector),
    ];
    let changed = false;
    for (const node of within(SELECTOR)) {
      if (!node.matches(HELD) || this.seen.has(node)) continue;
      this.seen.add(node);
      changed = this.rewrite(node) || changed;
    }
    for (const player of PLAYERS) {
      for (const node of within('.' + player[0])) this.player(node, player);
    }
    for (const [selector, verb] of BUTTONS) {
      for (const node of within(selector)) {
        if (!node.closest('.ctl-root') && !node.hasAttribute('data-cmp')) put(node, 'data-cmp', verb);
      }
    }
    if (changed || within('link[data-href],[data-type=placeholder]')[0]) this.show();
  }

  /**
   * Ours beside theirs. What the script has started already is left alone.
   * @param {Element} node
   */
  rewrite(node) {
    const category = this.categories(node);
    const service = first(node, ['data-service', 'data-name']).trim();
    const not = service[0] === '!';
    const id = service && this.words.service(service.slice(not ? 1 : 0));
    const source = first(node, SOURCES);
    const changes = [
      put(node, 'data-category', category),
      put(node, 'data-service', id && !not ? id : ''),
      put(node, 'data-src', source),
      not && put(node, 'data-service-refused', id || ''),
    ];
    if (changes.includes(true)) this.again(node);
    return changes.includes(true);
  }

  /** @param {Element} node @returns {string} all that must be granted, in our words where known */
  categories(node) {
    const [, groups] = OPTANON.exec(node.getAttribute('class') || '') || [];
    // Several groups of OneTrust stand in one class, joined by dashes: C0002-C0004.
    const said = groups ? groups.split('-') : first(node, CATEGORY).split(/[\s,]+/);
    return said
      .filter(Boolean)
      .map((word) => {
        const not = word[0] === '!' ? '!' : '';
        const theirs = word.slice(not.length);
        return not + (this.words.category(theirs) || theirs.toLowerCase());
      })
      .join(',');
  }

  /** Back in its place, so that the script looks at it again. @param {Element} node */
  again(node) {
    const idle = ['', 'about:blank'].includes(node.getAttribute('src') || '');
    if (node.parentNode && (idle || node.tagName === 'SCRIPT')) {
      node.parentNode.insertBefore(node, node.nextSibling);
    }
  }

  /**
   * @param {Element} node
   * @param {[string, string, string, string]} player
   */
  player(node, [name, attribute, address, passed]) {
    const number = node.getAttribute(attribute) || '';
    if (node.querySelector('iframe') || !/^[\w-]{1,80}$/.test(number)) return;
    const said = passed.split(' ').filter((key) => node.hasAttribute(key));
    const query = said.map((key) => `${key}=${encodeURIComponent(node.getAttribute(key) || '')}`);
    const frame = document.createElement('iframe');
    const sign = address.includes('?') ? '&' : '?';
    const id = name.split('_')[0];
    frame.setAttribute('data-src', address + number + (query[0] ? sign + query.join('&') : ''));
    frame.setAttribute('data-service', this.words.service(id) || id);
    frame.title = node.getAttribute('title') || id;
    for (const side of /** @type {const} */ (['width', 'height'])) {
      const size = node.getAttribute(side);
      if (size) frame.style[side] = /^\d+$/.test(size) ? size + 'px' : size;
    }
    if (node.getAttribute('allowfullscreen') !== '0') frame.allowFullscreen = true;
    node.append(frame);
  }

  /** Everything that is shown, hidden, linked or told by a class. */
  show() {
    const { categories, services } = this.page.now;
    const asked = this.page.config.categories;
    this.sheet.replaceSync(this.rules());
    for (const node of document.querySelectorAll('[data-service-refused]')) {
      // `!service` of vanilla-cookieconsent: to run once the service was refused.
      const id = node.getAttribute('data-service-refused') || '';
      if (this.page.choice && services[id] === false) {
        node.removeAttribute('data-service-refused');
        node.removeAttribute('data-service');
        node.setAttribute('data-category', 'necessary');
        this.again(node);
      }
    }
    for (const link of document.querySelectorAll('link[data-href]:not([href])')) {
      if (this.may(link)) link.setAttribute('href', link.getAttribute('data-href') || '');
    }
    for (const node of document.querySelectorAll('[data-type=placeholder][data-name]')) {
      const given = services[this.words.service(node.getAttribute('data-name') || '')] === true;
      if (node instanceof HTMLElement) node.style.display = given ? 'none' : '';
    }
    if (document.body && document.querySelector('[class*="cmplz-"]')) {
      for (const id of asked) document.body.classList.toggle('cmplz-' + id, categories[id] === true);
    }
  }

  /** Cookiebot's classes for what is to be seen with or without a consent. */
  rules() {
    const { categories } = this.page.now;
    const rule = (/** @type {string} */ name, /** @type {boolean} */ seen) =>
      `.cookieconsent-${name}{display:${seen ? 'revert' : 'none'}}`;
    const every = this.page.config.categories.every((id) => categories[id]);
    return ['preferences', 'statistics', 'marketing']
      .map((id) => [`-${id}`, categories[id] === true])
      .concat([['', every]])
      .map(([name, given]) => rule('optin' + name, !!given) + rule('optout' + name, !given))
      .join('');
  }

  /** @param {Element} node */
  may(node) {
    const { categories, services } = this.page.now;
    const words = (node.getAttribute('data-category') || '').split(',').filter(Boolean);
    const service = node.getAttribute('data-service');
    return (
      (!!words[0] || !!service) &&
      words.every((id) => categories[id] === true) &&
      (!service || services[service] === true)
    );
  }

  /** Complianz: a button that accepts one category. @param {Event} event */
  clicked(event) {
    const node =
      event.target instanceof Element &&
      event.target.closest('.cmplz-accept-category,.cmplz-accept-marketing');
    if (!node) return;
    const id = this.words.category(node.getAttribute('data-category') || 'marketing');
    if (!id || id === 'necessary') return;
    event.preventDefault();
    window.consent.set({ [id]: true });
  }
}
