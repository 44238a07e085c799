import { ApiError, createTokenStore, isRole, ROLES } from '#api';
import type { StoredToken } from '#api';
import type { Command, Invocation } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output.ts';
import { dataFolder, makeDataFolder } from '../place.ts';

export const tokenCommand: Command = {
  name: 'token',
  usage: [
    'token create NAME --role ROLE [--account ID] [--source NAME] [--expires T]',
    'token list',
    'token revoke ID',
  ],
  details: [
    `Roles: ${ROLES.join(', ')}. Role account sees the one account of --account; role switch may only hand in events, filed\n` +
      'under the source of --source whatever their body says. The token is printed once; the data folder keeps its hash.',
    'Works on the data folder itself, whether tollbook is up or not; a revocation counts from the next request on.',
  ],
  options: {
    role: { type: 'string', value: 'ROLE', help: ROLES.join(', ') },
    account: { type: 'string', value: 'ID', help: 'the one account that role account sees' },
    source: {
      type: 'string',
      value: 'NAME',
      help: 'source that events handed in with it are filed under',
    },
    expires: {
      type: 'string',
      value: 'T',
      help: 'ISO 8601 time at which it ends (default: never)',
    },
  },
  maxArgs: 2,
  async run(invocation) {
    const [what = 'list', name] = invocation.args;
    const folder = dataFolder(invocation.config.data);
    const store = createTokenStore(folder.tokens);
    if (what === 'create' && name !== undefined) {
      await makeDataFolder(folder);
      return create(invocation, store, name);
    }
    if (what === 'list') return list(invocation, await store.list());
    if (what === 'revoke' && name !== undefined) {
      const known = await store.list();
      if (!known.some(({ id }) => id === name) || !(await store.revoke(name)))
        throw new CliError(
          'not_found',
          `there is no live token ${name}; "tollbook token list" shows their ids`,
        );
      invocation.out.result({ revoked: name }, () => `${name} is revoked`);
      return;
    }
    throw new CliError(
      'usage',
      'token takes "create" and a name, "list", or "revoke" and an id; see "tollbook token --help"',
    );
  },
};

async function create(
  invocation: Invocation,
  store: ReturnType<typeof createTokenStore>,
  name: string,
): Promise<void> {
  const role = invocation.text('role');
  if (!isRole(role)) throw new CliError('usage', `--role must be one of ${ROLES.join(', ')}`);
  const { token, secret } = await store
    .create({
      name,
      role,
      accountId: invocation.text('account'),
      source: invocation.text('source'),
      expiresAt: invocation.text('expires'),
    })
    .catch((cause: unknown) => {
      const refused = cause instanceof ApiError && cause.code === 'bad_token_request';
      throw refused ? new CliError('usage', cause.message, { cause }) : cause;
    });
  invocation.out.result({ ...shownOf(token), token: secret }, () => secret);
  if (!invocation.out.json)
    invocation.out.note(`${token.id} may act as ${role}; the token above is shown this once`);
}

async function list(invocation: Invocation, tokens: readonly StoredToken[]): Promise<void> {
  const { out } = invocation;
  if (out.json) {
    for (const token of tokens) out.result(shownOf(token), () => '');
    return;
  }
  const rows = tokens.map((token) => [
    token.id,
    token.name,
    token.role,
    token.accountId ?? token.source,
    token.createdAt.slice(0, 19),
    stateOf(token),
  ]);
  out.line(table(['ID', 'NAME', 'ROLE', 'FOR', 'CREATED', 'STATE'], rows));
}

function stateOf({ revokedAt, expiresAt }: StoredToken): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt.slice(0, 19)}`;
  if (expiresAt === undefined) return 'live';
  return new Date(expiresAt) <= new Date() ? 'expired' : `until ${expiresAt.slice(0, 19)}`;
}

function shownOf({ sha256: _hash, ...token }: StoredToken): Omit<StoredToken, 'sha256'> {
  return token;
}
