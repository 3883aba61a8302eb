/** On a server: importing touches nothing, and every call has an answer. */
import { createElement } from 'react';
import { renderToString as ofReact } from 'react-dom/server';
import { createSSRApp, h } from 'vue';
import { renderToString as ofVue } from 'vue/server-renderer';
import { consent, load } from 'crumbtrail';
import { useConsent as useReact } from 'crumbtrail/react';
import { useConsent as useVue } from 'crumbtrail/vue';

const refused = (options) => {
  try {
    load(options);
    return null;
  } catch (e) {
    return e.constructor.name;
  }
};
const told = ({ state, allowed }) =>
  `${JSON.stringify(state)} ${allowed('necessary')} ${allowed('statistics')}`;
consent.withdraw();
consent.on('changed', () => {})();
const waits = await Promise.race([consent.ready(), new Promise((done) => setTimeout(done, 50, 'waits'))]);

console.log(
  JSON.stringify({
    globals: ['window', 'document', 'consent', 'dataLayer'].filter((name) => name in globalThis),
    same: load({ base: 'https://consent.example.com/', site: 'shop.example' }) === consent,
    get: consent.get(),
    debug: consent.debug(),
    allowed: [consent.allowed('necessary'), consent.allowed('statistics')],
    waits,
    refused: [
      { site: 'shop.example' },
      { base: 'javascript:1//', site: 'shop.example' },
      { base: '/_ct' },
      { base: '/_ct', site: '../x' },
    ].map(refused),
    react: ofReact(createElement(() => told(useReact()))),
    vue: await ofVue(
      createSSRApp({
        setup: () => {
          const { state, allowed } = useVue();
          return () => h('p', told({ state: state.value, allowed }));
        },
      }),
    ),
  }),
);
