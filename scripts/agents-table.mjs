/** Writes what the real CLIs have shown into the table of docs/agents.md, between its marks. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BEGIN = '<!-- agents: written by `npm run test:agents -- --all --table` -->';
const END = '<!-- /agents -->';

/** The rows of the table by the agent that they begin with; rows of agents that were not run stay. */
export const rowsOf = (markdown) => {
  const [from, to] = [markdown.indexOf(BEGIN), markdown.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`docs/agents.md lacks ${BEGIN} and ${END}`);
  const lines = markdown
    .slice(from + BEGIN.length, to)
    .trim()
    .split('\n');
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

/** Where each contract that has passed leaves `<name>.json`. */
export const shownFolder = (root) => join(root, '.cache/agents-shown');

/** @param names whose contracts have just been run: what others have left there is not of this run. */
export const writeAgentsTable = (root, names) => {
  const path = join(root, 'docs/agents.md');
  const markdown = readFileSync(path, 'utf8');
  const folder = shownFolder(root);
  const shown = [...names]
    .sort()
    .map((name) => join(folder, `${name}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const [{ columns } = {}] = shown;
  if (!columns) throw new Error('Nothing has been shown: no contract has passed');
  const rows = new Map(rowsOf(markdown).map((row) => [row[0], row]));
  for (const { row } of shown) rows.set(row[0], row);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const table = [line(columns), line(columns.map(() => '---')), ...[...rows.values()].map(line)];
  const [before] = markdown.split(BEGIN);
  const after = markdown.slice(markdown.indexOf(END));
  writeFileSync(path, `${before}${BEGIN}\n\n${table.join('\n')}\n\n${after}`);
  const prettier = join(root, 'node_modules/prettier/bin/prettier.cjs');
  spawnSync(process.execPath, [prettier, '--log-level', 'warn', '--write', path], { cwd: root });
};
