import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { chmod, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../errors.ts';
import { isRole } from './principal.ts';
import type { Role } from './principal.ts';

/** A token as the file keeps it: what it may do and the hash it is recognised by. */
export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly accountId?: string;
  readonly source?: string;
  readonly sha256: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

export interface TokenRequest {
  readonly name: string;
  readonly role: Role;
  readonly accountId?: string | undefined;
  readonly source?: string | undefined;
  /** ISO time. */
  readonly expiresAt?: string | undefined;
}

interface TokenFile {
  readonly version: 1;
  /** Key of the cursors' seal (hex): cursors outlive a restart. */
  readonly cursorKey: string;
  readonly tokens: readonly StoredToken[];
}

/**
 * Local tokens, in one file of mode 0600. A token is 256 random bits; the file holds its SHA-256
 * only, so that reading the file gives nobody a token.
 */
export interface TokenStore {
  /** The live token this secret stands for. A revocation counts from the next call on. */
  find(secret: string): Promise<StoredToken | undefined>;
  list(): Promise<readonly StoredToken[]>;
  /** The secret is returned once and kept nowhere. */
  create(request: TokenRequest): Promise<{ token: StoredToken; secret: string }>;
  /** False when there is no such token, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
  cursorKey(): Promise<Uint8Array>;
}

const LABEL = /^[A-Za-z0-9._-]{1,64}$/;
const LOCK_MS = 5_000;

export function createTokenStore(file: string, now: () => Date = () => new Date()): TokenStore {
  let seen: { stamp: string; content: TokenFile; byHash: Map<string, StoredToken> } | undefined;

  const load = async (): Promise<NonNullable<typeof seen>> => {
    const stamp = await stampOf(file);
    if (seen?.stamp === stamp) return seen;
    const content = stamp === '' ? NO_FILE : await readTokenFile(file);
    seen = {
      stamp,
      content,
      byHash: new Map(content.tokens.map((token) => [token.sha256, token])),
    };
    return seen;
  };

  const change = async <T>(
    edit: (content: TokenFile) => { content: TokenFile; result: T },
  ): Promise<T> =>
    withLock(file, async () => {
      const { content, result } = edit(
        (await stampOf(file)) === '' ? fresh() : await readTokenFile(file),
      );
      await writeTokenFile(file, content);
      seen = undefined;
      return result;
    });

  return {
    async find(secret) {
      const token = (await load()).byHash.get(hashOf(secret));
      if (token === undefined || token.revokedAt !== undefined) return undefined;
      return token.expiresAt !== undefined && new Date(token.expiresAt) <= now()
        ? undefined
        : token;
    },
    async list() {
      return (await load()).content.tokens;
    },
    create: async (request) =>
      change((content) => {
        checkRequest(request, content.tokens);
        const secret = `tb_${randomBytes(32).toString('base64url')}`;
        const token = tokenOf(request, secret, now());
        return {
          content: { ...content, tokens: [...content.tokens, token] },
          result: { token, secret },
        };
      }),
    revoke: async (id) =>
      change((content) => {
        const found = content.tokens.some(
          (token) => token.id === id && token.revokedAt === undefined,
        );
        const revokedAt = now().toISOString();
        const tokens = content.tokens.map((token) =>
          token.id === id && found ? { ...token, revokedAt } : token,
        );
        return { content: { ...content, tokens }, result: found };
      }),
    async cursorKey() {
      const { cursorKey } = (await load()).content;
      if (cursorKey === '')
        throw new ApiError(
          'token_file',
          `there is no token file ${file}; "tollbook token create" makes one`,
        );
      return Buffer.from(cursorKey, 'hex');
    },
  };
}

function tokenOf(request: TokenRequest, secret: string, at: Date): StoredToken {
  return {
    id: `tok-${randomUUID().slice(0, 8)}`,
    name: request.name,
    role: request.role,
    ...(request.accountId === undefined ? {} : { accountId: request.accountId }),
    ...(request.source === undefined ? {} : { source: request.source }),
    sha256: hashOf(secret),
    createdAt: at.toISOString(),
    ...(request.expiresAt === undefined ? {} : { expiresAt: request.expiresAt }),
  };
}

function checkRequest(request: TokenRequest, tokens: readonly StoredToken[]): void {
  const refuse = (why: string): never => {
    throw new ApiError('bad_token_request', why);
  };
  if (!LABEL.test(request.name))
    refuse('a token name is 1 to 64 letters, digits, dots, dashes or underscores');
  if (tokens.some((token) => token.name === request.name && token.revokedAt === undefined)) {
    refuse(`there is a token named ${request.name} already; revoke it or choose another name`);
  }
  if ((request.role === 'account') !== (request.accountId !== undefined)) {
    refuse('role account needs the one account it sees, and no other role takes one');
  }
  if (request.role === 'switch' && request.source === undefined) {
    refuse('role switch needs the source its events are filed under');
  }
  if (request.source !== undefined && !LABEL.test(request.source)) {
    refuse('a source is 1 to 64 letters, digits, dots, dashes or underscores');
  }
  if (request.expiresAt !== undefined && Number.isNaN(Date.parse(request.expiresAt))) {
    refuse('the expiry is no ISO 8601 time');
  }
}

/** Before the first token there is no file. */
const NO_FILE: TokenFile = { version: 1, cursorKey: '', tokens: [] };

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const fresh = (): TokenFile => ({
  version: 1,
  cursorKey: randomBytes(32).toString('hex'),
  tokens: [],
});

async function stampOf(file: string): Promise<string> {
  try {
    const { ino, mtimeMs, size, mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new ApiError(
        'token_file',
        `${file} can be read by others; run chmod 600 on it, then revoke its tokens`,
      );
    }
    return `${ino}/${mtimeMs}/${size}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

async function readTokenFile(file: string): Promise<TokenFile> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isTokenFile(content)) return content;
  } catch (cause) {
    throw new ApiError(
      'token_file',
      `${file} cannot be read as a token file; restore it from a copy`,
      { cause },
    );
  }
  throw new ApiError(
    'token_file',
    `${file} is no token file of this version; restore it from a copy`,
  );
}

function isTokenFile(value: unknown): value is TokenFile {
  if (typeof value !== 'object' || value === null) return false;
  if (!('version' in value) || value.version !== 1) return false;
  if (
    !('cursorKey' in value) ||
    typeof value.cursorKey !== 'string' ||
    value.cursorKey.length !== 64
  )
    return false;
  return 'tokens' in value && Array.isArray(value.tokens) && value.tokens.every(isStoredToken);
}

function isStoredToken(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: string): boolean => key in value && typeof Reflect.get(value, key) === 'string';
  return has('id') && has('name') && has('sha256') && 'role' in value && isRole(value.role);
}

async function writeTokenFile(file: string, content: TokenFile): Promise<void> {
  const next = `${file}.${process.pid}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(next, 0o600);
  await rename(next, file);
}

/** Two commands that mint at once take turns; a lock left behind by a crash is broken after 5 s. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = join(dirname(file), '.tokens.lock');
  const until = Date.now() + LOCK_MS;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (error) {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!exists) throw error;
      if (Date.now() > until) await rm(lock, { force: true });
      else await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}
