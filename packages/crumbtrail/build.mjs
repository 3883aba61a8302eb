/** Before packing: the stub as the server serves it, as a function, and the licence. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const built = readFileSync(join(root, 'static/js/dist/stub.js'), 'utf8').trim();

writeFileSync(
  join(here, 'stub.js'),
  `/** The inline stub of the snippet, run as code: so no page needs an inline script for it. */\nexport function stub() {\n  ${built}\n}\n`,
);
copyFileSync(join(root, 'LICENSE'), join(here, 'LICENSE'));
