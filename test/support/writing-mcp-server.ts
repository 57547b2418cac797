import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A tool server of a user, for the settings of a CLI: its only tool `put` writes a file into that directory.
 *
 * @returns how it is started
 */
export const writingMcpServer = (
  dir: string,
  target: string,
): { command: string; args: string[] } => {
  const path = join(dir, 'putter.mjs');
  writeFileSync(path, SOURCE.replace('TARGET', JSON.stringify(join(target, 'by-server.txt'))));
  return { command: process.execPath, args: [path] };
};

const SOURCE = `
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const tools = [{ name: 'put', description: 'Writes a file', inputSchema: { type: 'object' } }];
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const answer = (result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  if (id === undefined) return;
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'putter', version: '1' };
    answer({ protocolVersion, capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/list') answer({ tools });
  else if (method === 'tools/call') {
    writeFileSync(TARGET, 'x');
    answer({ content: [{ type: 'text', text: 'put' }] });
  } else answer({});
});
`;
