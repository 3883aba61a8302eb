import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { load } from 'crumbtrail';
import { useConsent } from 'crumbtrail/react';

const { base, site } = document.documentElement.dataset;
load({ base, site });
window.__renders = 0;

function Counter() {
  const { state, allowed } = useConsent();
  window.__renders += 1;
  return h('output', null, `${state ? state.decided : 'unknown'} ${allowed('statistics')}`);
}

const root = createRoot(document.querySelector('#app'));
root.render(h(Counter));
window.__unmount = () => root.unmount();
