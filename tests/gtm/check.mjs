/**
 * Reads `{code, permissions, tests}` of the template from standard input and answers with
 * `{foreign, globals, required, failed}`: syntax the sandbox lacks, names it does not have, the
 * APIs that are required, and what went wrong in the template's own scenarios.
 */
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

const [, , typescript, standIns] = process.argv;
const { default: ts } = await import(typescript);
const { code, permissions, tests } = JSON.parse(readFileSync(0, 'utf8'));
const sandbox = new Function(`${readFileSync(standIns, 'utf8')}\nreturn sandbox;`)();

const LACKS = `AsyncKeyword AwaitExpression ClassDeclaration ClassExpression DeleteExpression
  ForOfStatement NewExpression ObjectBindingPattern ArrayBindingPattern RegularExpressionLiteral
  SpreadAssignment SpreadElement TaggedTemplateExpression TemplateExpression ThisKeyword
  ThrowStatement TryStatement TypeOfExpression YieldExpression QuestionDotToken
  QuestionQuestionToken`.split(/\s+/);
const tree = ts.createSourceFile('template.js', code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
const foreign = tree.parseDiagnostics.map(({ messageText }) => String(messageText));
const declared = new Set(['require', 'data', 'undefined']);
const used = new Set();
(function walk(node) {
  const kind = ts.SyntaxKind[node.kind];
  if (LACKS.includes(kind)) foreign.push(kind);
  if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && ts.isIdentifier(node.name))
    declared.add(node.name.text);
  const { parent } = node;
  const label =
    parent &&
    ((ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isPropertyAssignment(parent) && parent.name === node));
  if (ts.isIdentifier(node) && !label) used.add(node.text);
  ts.forEachChild(node, walk);
})(tree);

const host = () => ({
  window: {},
  cookies: () => '',
  now: () => 1.7e12,
  insert: (url, done) => done(),
});

function assertApi(calls, name) {
  const made = calls.filter(([each]) => each === name).map(([, values]) => values);
  return {
    wasCalled: () => assert(made.length, `${name} was not called`),
    wasNotCalled: () => assert(!made.length, `${name} was called`),
    wasCalledWith: (...values) =>
      assert(
        made.some((each) => {
          try {
            assert.deepStrictEqual(each, values);
            return true;
          } catch {
            return false;
          }
        }),
        `${name} was not called with ${JSON.stringify(values)} but ${JSON.stringify(made)}`,
      ),
  };
}

const failed = [];
const required = new Set();
for (const scenario of tests.scenarios) {
  const made = sandbox({ code, permissions, host: host() });
  const assertThat = (value) => ({
    isEqualTo: (expected) => assert.deepStrictEqual(value, expected),
  });
  try {
    new Function('mock', 'runCode', 'assertApi', 'assertThat', `${tests.setup}\n${scenario.code}`)(
      (name, value) => (made.mocks[name] = value),
      made.run,
      (name) => assertApi(made.calls, name),
      assertThat,
    );
  } catch (e) {
    failed.push(`${scenario.name}: ${e.message}`);
  }
  made.required.forEach((name) => required.add(name));
}
console.log(
  JSON.stringify({
    foreign,
    globals: [...used].filter((name) => !declared.has(name)),
    required: [...required].sort(),
    failed,
  }),
);
