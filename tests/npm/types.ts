// Read by tsc only: what the types allow, and what they refuse.
import { consent, load, type Consent, type State } from 'crumbtrail';
import { useConsent as useReact } from 'crumbtrail/react';
import { useConsent as useVue } from 'crumbtrail/vue';

const loaded: Consent = load({ base: '/_ct', site: 'shop.example', lang: 'fr', nonce: 'abc' });
const yes: boolean = loaded.allowed('statistics');
const state: State | null = consent.get();
const stop: () => void = consent.on('saved', ({ record, pending }) => [record.id.length, !pending]);
consent.on('changed', ({ categories }) => categories.marketing === true);
consent.set({ statistics: yes });
const later: Promise<State> = consent.ready();
const { state: held, allowed } = useReact();
const country: string | null | undefined = held?.country;
const { state: ref } = useVue();
const asks: number | undefined = ref.value?.asks;

// @ts-expect-error the site is missing
load({ base: '/_ct' });
// @ts-expect-error there is no such event
consent.on('closed', () => {});
// @ts-expect-error a change has no record
consent.on('changed', ({ record }) => record);
// @ts-expect-error the state may be unknown
state.decided;
// @ts-expect-error it follows the choice and is not for writing
ref.value = null;
// @ts-expect-error ids are texts
allowed(1);

export { asks, country, later, stop };
