import { consent, load } from 'crumbtrail';

const { base, site, nonce } = document.documentElement.dataset;
window.__seen = [];
window.__consent = consent;
window.__before = [consent.allowed('necessary'), consent.allowed('statistics'), consent.get()];
for (let time = 0; time < 3; time += 1) load({ base, site, nonce });
for (const name of ['ready', 'shown', 'changed', 'saved']) {
  consent.on(name, (state) => window.__seen.push([name, state.decided, state.pending]));
}
window.__stop = consent.on('changed', () => window.__seen.push(['stopped']));
consent.ready().then((state) => (window.__ready = state));
