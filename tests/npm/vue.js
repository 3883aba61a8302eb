import { createApp, h } from 'vue';
import { load } from 'crumbtrail';
import { useConsent } from 'crumbtrail/vue';

const { base, site } = document.documentElement.dataset;
load({ base, site });
window.__renders = 0;

const app = createApp({
  setup() {
    const { state, allowed } = useConsent();
    return () => {
      window.__renders += 1;
      const decided = state.value ? state.value.decided : 'unknown';
      return h('output', `${decided} ${allowed('statistics')}`);
    };
  },
});
app.mount('#app');
window.__unmount = () => app.unmount();
