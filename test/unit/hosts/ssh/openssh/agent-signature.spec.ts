import { describe, expect, it } from '@jest/globals';
import { createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import {
  agentSignature,
  type SigningKey,
} from '../../../../../src/hosts/ssh/openssh/agent-signature.js';
import { WireReader } from '../../../../../src/hosts/ssh/openssh/wire-format.js';

const DATA = Buffer.from('what a server wants to see signed');
interface Pair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}
const keyOf = (type: string, { privateKey }: Pair): SigningKey => ({
  type,
  getPrivatePEM: () => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});
const partsOf = (signature: Buffer | null): [string, Buffer] => {
  const packet = new WireReader(signature ?? Buffer.alloc(0));
  return [packet.text(), packet.string()];
};

describe('A signature that an agent gives', () => {
  it('is that of an ed25519 key', () => {
    const pair = generateKeyPairSync('ed25519');
    const key = keyOf('ssh-ed25519', pair);
    const [name, signature] = partsOf(agentSignature(key, DATA, 0));
    expect(name).toBe('ssh-ed25519');
    expect(verify(null, DATA, pair.publicKey, signature)).toBe(true);
  });

  it.each([
    [0, 'ssh-rsa', 'sha1'],
    [2, 'rsa-sha2-256', 'sha256'],
    [4, 'rsa-sha2-512', 'sha512'],
    [6, 'rsa-sha2-512', 'sha512'],
  ])('is that of an rsa key with the hash that was asked for: %i', (flags, algorithm, hash) => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = keyOf('ssh-rsa', pair);
    const [name, signature] = partsOf(agentSignature(key, DATA, flags));
    expect(name).toBe(algorithm);
    expect(verify(hash, DATA, pair.publicKey, signature)).toBe(true);
  });

  it.each([
    [256, 'sha256', 32, 'prime256v1'],
    [384, 'sha384', 48, 'secp384r1'],
    [521, 'sha512', 66, 'secp521r1'],
  ] as const)(
    'is that of an ecdsa key of %i bits, as two positive numbers',
    (bits, hash, bytes, namedCurve) => {
      const pair = generateKeyPairSync('ec', { namedCurve });
      const key = keyOf(`ecdsa-sha2-nistp${String(bits)}`, pair);
      // One in 128 numbers begins with a zero byte, one in two would look negative.
      for (let count = 0; count < 100; count += 1) {
        const data = createHash('sha256').update(String(count)).digest();
        const [name, both] = partsOf(agentSignature(key, data, 0));
        expect(name).toBe(`ecdsa-sha2-nistp${String(bits)}`);
        const packet = new WireReader(both);
        const numbers = [packet.string(), packet.string()];
        for (const number of numbers) expect(number[0] ?? 0).toBeLessThan(0x80);
        const plain = Buffer.concat(
          numbers.map((number) => {
            const digits = number[0] === 0 ? number.subarray(1) : number;
            return Buffer.concat([Buffer.alloc(bytes - digits.length), digits]);
          }),
        );
        const pem = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
        expect(verify(hash, data, pem, plain)).toBe(true);
      }
    },
  );
});
