/**
 * Builds dist/ from src/. `--check` fails when dist/ is not what the sources build.
 * Both ways fail when a size budget is exceeded.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const STRICT = 8192;
const LAX = 10240;
const STUB = 1536;
const GUARD_STUB = 2560;
const LAX_TEXTS = ['bar', 'opt_out', 'ok', 'gpc_done', 'gpc_why', 'gpc_conflict']; // as in script.py
/** What each lazy part may weigh, brotli; a part without a line here may not be built. */
const PARTS = { signals: 2560, gpp: 4096, tcf: 24576, dialects: 10240, shadow: 2560 };

const styles = {
  name: 'styles',
  setup(pass) {
    pass.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

async function bundle(name, format, define) {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [`src/${name}`],
    bundle: true,
    minify: true,
    format,
    define,
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
    plugins: [styles],
    write: false,
  });
  return outputFiles[0].text;
}

const brotli = (text) =>
  brotliCompressSync(Buffer.from(text), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  }).length;

/** The first answer as the server sends it: configuration and English texts round the code. */
function firstAnswer(code, lax) {
  const sample = JSON.parse(readFileSync(join(here, 'sample.json'), 'utf8'));
  const all = JSON.parse(readFileSync(join(here, '../../consent/data/texts/en.json'), 'utf8'));
  const texts = Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('more_') && (lax || !LAX_TEXTS.includes(key))));
  return `!function(CMP_CONFIG){${code}}(${JSON.stringify({ ...sample, texts })});`;
}

const named = (text) => JSON.stringify(createHash('sha256').update(text).digest('hex').slice(0, 16));
const settings = await bundle('settings.js', 'esm', { LAX: 'true' });
const rest = await bundle('rest.js', 'esm', { LAX: 'true', SETTINGS_HASH: named(settings) });
const core = (lax) => bundle('main.js', 'iife', { LAX: String(lax), REST_HASH: named(rest) });
const outputs = {
  'consent.js': await core(true),
  'strict.js': await core(false),
  'rest.js': rest,
  'settings.js': settings,
  'stub.js': await bundle('stub.js', 'iife', {}),
  'guard-stub.js': await bundle('guard-stub.js', 'iife', {}),
  'iab-stub.js': await bundle('iab-stub.js', 'iife', {}),
  'google-stub.js': await bundle('google-stub.js', 'iife', {}),
  'declaration.js': await bundle('declaration.js', 'iife', {}),
};
const folder = join(here, 'src/parts');
const lazy = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3))
  .sort();
for (const name of lazy) outputs[`${name}.js`] = await bundle(`parts/${name}.js`, 'esm', {});
const sizes = [
  ['first answer where consent is asked for, brotli', brotli(firstAnswer(outputs['strict.js'], false)), STRICT],
  ['first answer elsewhere, brotli', brotli(firstAnswer(outputs['consent.js'], true)), LAX],
  ['stub that holds every way, gzip', gzipSync(outputs['guard-stub.js'], { level: 9 }).length, GUARD_STUB],
  ['stub, gzip', gzipSync(outputs['stub.js'], { level: 9 }).length, STUB],
  ['iab-stub, gzip', gzipSync(outputs['iab-stub.js'], { level: 9 }).length, STUB],
  ['declaration, brotli', brotli(outputs['declaration.js']), 1536],
  ['google-stub, gzip', gzipSync(outputs['google-stub.js'], { level: 9 }).length, 512],
];
for (const name of lazy) {
  const limit = PARTS[name] || 0;
  sizes.push([`part ${name}, brotli`, brotli(outputs[`${name}.js`]), limit]);
}
let failed = false;
for (const [what, size, limit] of sizes) {
  console.log(`${what}: ${size} of ${limit} bytes`);
  failed = failed || size > limit;
}
for (const name of ['strict.js', 'consent.js', 'rest.js', 'settings.js']) {
  console.log(`${name} alone, brotli: ${brotli(outputs[name])} bytes`);
}

mkdirSync(join(here, 'dist'), { recursive: true });
for (const [name, text] of Object.entries(outputs)) {
  const path = join(here, 'dist', name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`dist/${name} is not what the sources build; run node build.mjs`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
