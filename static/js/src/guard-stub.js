/** The larger stub: everything that the rest would add to the small one holds from the first byte. */

import './stub.js';
import { hold } from './ways.js';

try {
  const { consent } = window;
  if (consent.hooks) {
    hold(consent.hooks);
    delete consent.hooks;
  }
} catch (e) {}
