/**
 * What autoconsent's heuristics make of texts: `{buttons: [...], popups: [...]}` on standard input.
 * Its package exports the engine only, so the functions are exported from a copy of the file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , engine] = process.argv;
const source = readFileSync(engine, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'autoconsent-'));
const copy = join(folder, 'engine.mjs');
try {
  writeFileSync(
    copy,
    `${source}\nexport { classifyButtonTextRegex, checkHeuristicPatterns, isExcludedPopup };\n`,
  );
  const { classifyButtonTextRegex, checkHeuristicPatterns, isExcludedPopup } = await import(
    pathToFileURL(copy).href
  );
  const { buttons, popups } = JSON.parse(readFileSync(0, 'utf8'));
  console.log(
    JSON.stringify({
      buttons: buttons.map(classifyButtonTextRegex),
      popups: popups.map(
        (text) => checkHeuristicPatterns(text).patterns.length > 0 && !isExcludedPopup(text),
      ),
      languages: [...source.matchAll(/^var REJECT_PATTERNS_(\w+) = /gm)].map((found) => found[1]),
    }),
  );
} finally {
  rmSync(folder, { recursive: true });
}
