import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CliFailure } from '../cli-failure.js';
import { EXIT } from '../exit-codes.js';

const run = promisify(execFile);

/** Git by hand, without the configuration of whoever runs the demo. */
export const git = async (directory: string, ...args: string[]): Promise<string> => {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const { stdout } = await run('git', ['-C', directory, ...args], { env });
  return stdout.trimEnd();
};

export const requireGit = async (): Promise<void> => {
  try {
    await run('git', ['--version']);
  } catch (cause) {
    throw new CliFailure(EXIT.error, 'The demo needs git, and git was not found', {
      hint: 'Install git and run the demo again.',
      cause,
    });
  }
};

export const PLAYBOOK_FOLDER = '.maestro/playbooks';
/** In the order in which they are worked through: five tasks in all. */
export const DOCUMENTS = ['01-price-list.md', '02-release.md'] as const;
export const LAST_COMMIT = 'Release 1.1.0 with a price list';

const WEB = {
  'README.md': '# Fruit shop, web\n\nThe page that customers see.\n',
  'index.html': '<h1>Fruit shop</h1>\n<ul id="prices"></ul>\n',
  'src/prices.js': "export const load = () => fetch('/api/prices').then((r) => r.json());\n",
};

const API = {
  'README.md': '# Fruit shop, API\n\nServes stock and prices as JSON.\n',
  'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n- First release\n',
  'src/stock.js': 'export const stock = { apple: 12, pear: 7 };\n',
  [`${PLAYBOOK_FOLDER}/${DOCUMENTS[0]}`]: `# Price list

- [ ] Create \`src/prices.js\` with \`export const prices = { apple: 0.4, pear: 0.6 };\`
- [ ] Create \`src/total.js\` with \`export const total = (items) => items.reduce((sum, { price }) => sum + price, 0);\`
- [ ] Append \`Prices are in euros, with tax.\` to \`README.md\`
`,
  [`${PLAYBOOK_FOLDER}/${DOCUMENTS[1]}`]: `# Release

- [ ] Append \`\\n## 1.1.0\\n- A price list\` to \`CHANGELOG.md\`
- [ ] Create \`VERSION\` with \`1.1.0\`, then commit everything with message \`${LAST_COMMIT}\`
`,
};

/** Two small repositories with one commit each. */
export const makeProjects = async (root: string): Promise<{ web: string; api: string }> => {
  const web = join(root, 'shop-web');
  const api = join(root, 'shop-api');
  await Promise.all([makeProject(web, WEB), makeProject(api, API)]);
  return { web, api };
};

const makeProject = async (directory: string, files: Record<string, string>): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await git(directory, 'init', '-q');
  await git(directory, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  await git(directory, 'config', 'user.name', 'Maestro demo');
  await git(directory, 'config', 'user.email', 'demo@maestro.invalid');
  await git(directory, 'config', 'commit.gpgsign', 'false');
  await git(directory, 'add', '-A');
  await git(directory, 'commit', '-q', '-m', 'Open the shop');
};
