// c15t without a server of its own, as its documentation mounts it; TAGS is the tags' origin.
import { ConsentBanner, ConsentDialog, ConsentManagerProvider } from '@c15t/react';
import '@c15t/react/styles.css';
import { enTranslations as en } from '@c15t/translations';
import { createRoot } from 'react-dom/client';

const options = {
  mode: 'offline',
  consentCategories: ['necessary', 'measurement', 'marketing'],
  overrides: { country: 'PL' },
  scripts: [
    { id: 'statistics', src: `${TAGS}/statistics.js`, category: 'measurement' },
    { id: 'marketing', src: `${TAGS}/marketing.js`, category: 'marketing' },
  ],
  i18n: { locale: 'en', messages: { en } },
};

createRoot(document.getElementById('c15t')).render(
  <ConsentManagerProvider options={options}>
    <ConsentBanner />
    <ConsentDialog />
  </ConsentManagerProvider>,
);
