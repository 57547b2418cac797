import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';

/** Makes a key pair; `args` as for `ssh-keygen`. Gives its fingerprint. */
export const makeKeyPair = (path: string, args: readonly string[] = ['-N', '']): string => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-f', path, ...args]);
  return fingerprintOf(`${path}.pub`);
};

/** Signs `publicKeyPath` (`x.pub`) and leaves `x-cert.pub` beside it. */
export const certify = (
  authorityPath: string,
  publicKeyPath: string,
  principal: string,
  kind: 'host' | 'user',
): void => {
  const asHost = kind === 'host' ? ['-h'] : [];
  const args = ['-q', '-s', authorityPath, '-I', 'a test', ...asHost, '-n', principal];
  execFileSync('ssh-keygen', [...args, publicKeyPath], { stdio: 'ignore' });
};

export const fingerprintOf = (publicKeyPath: string): string => {
  const [, blob = ''] = readFileSync(publicKeyPath, 'utf8').split(' ');
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
};

const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** The handle of a key in a security key that nobody has: all but the signing is as with a real one. */
export const makeSecurityKeyHandle = (path: string): void => {
  const type = 'sk-ssh-ed25519@openssh.com';
  const fields = [text(type), text(randomBytes(32)), text('ssh:')];
  const check = randomBytes(4);
  const needsTouch = Buffer.of(1);
  const secret = Buffer.concat([
    ...[check, check, ...fields, needsTouch],
    ...[text(randomBytes(64)), text(''), text('a test')],
  ]);
  const padding = Buffer.from(
    Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1),
  );
  const blob = Buffer.concat(fields);
  const content = Buffer.concat([
    ...[Buffer.from('openssh-key-v1\0'), text('none'), text('none'), text('')],
    ...[Buffer.from([0, 0, 0, 1]), text(blob), text(Buffer.concat([secret, padding]))],
  ]);
  const lines = content.toString('base64').match(/.{1,70}/g) ?? [];
  const [begin, end] = ['BEGIN', 'END'].map((edge) => `-----${edge} OPENSSH PRIVATE KEY-----`);
  writeFileSync(path, [begin, ...lines, end, ''].join('\n'), { mode: 0o600 });
  writeFileSync(`${path}.pub`, `${type} ${blob.toString('base64')} a test\n`);
};
