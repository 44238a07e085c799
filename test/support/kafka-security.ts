import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtraListener } from '../../infra/kafka/broker.ts';

/** What a client of the secured listeners needs. All of it is made for one test run. */
export interface KafkaSecurity {
  readonly user: { readonly username: string; readonly password: string };
  /** PEM texts: the authority, and a certificate it issued for a client. */
  readonly ca: string;
  readonly clientKey: string;
  readonly clientCertificate: string;
}

export interface SecuredListeners {
  readonly security: KafkaSecurity;
  readonly listeners: readonly ExtraListener[];
  readonly scram: readonly string[];
}

const user = { username: 'switch', password: 'switch-secret' };
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;

/**
 * Three listeners beside the plain one: `SASL` (no TLS), `SASL_TLS`, and `MTLS`, which asks for the
 * client's certificate. The SASL ones accept every mechanism, OAUTHBEARER with unsecured tokens
 * (`unsecuredToken`). Certificates are drawn by `openssl` into `dir`.
 */
export function securedListeners(dir: string): SecuredListeners {
  mkdirSync(dir, { recursive: true });
  const certificates = drawCertificates(dir);
  return {
    security: { user, ...certificates },
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (name) => `${name}=[name=${user.username},password=${user.password}]`,
    ),
    listeners: [
      { name: 'SASL', protocol: 'SASL_PLAINTEXT', properties: saslProperties('sasl') },
      {
        name: 'SASL_TLS',
        protocol: 'SASL_SSL',
        properties: { ...saslProperties('sasl_tls'), ...tlsProperties('sasl_tls', dir, 'none') },
      },
      { name: 'MTLS', protocol: 'SSL', properties: tlsProperties('mtls', dir, 'required') },
    ],
  };
}

/** A token of RFC 7515 with `alg` none, which the broker's built-in validator takes. */
export function unsecuredToken(subject: string, lifetimeSeconds = 3600): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + lifetimeSeconds })}.`;
}

function saslProperties(listener: string): Record<string, string> {
  const at = (mechanism: string, key: string): string =>
    `listener.name.${listener}.${mechanism.toLowerCase()}.${key}`;
  const module = 'org.apache.kafka.common.security';
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: mechanisms.join(','),
    [at('PLAIN', 'sasl.jaas.config')]:
      `${module}.plain.PlainLoginModule required user_${user.username}="${user.password}";`,
    [at('SCRAM-SHA-256', 'sasl.jaas.config')]: `${module}.scram.ScramLoginModule required;`,
    [at('SCRAM-SHA-512', 'sasl.jaas.config')]: `${module}.scram.ScramLoginModule required;`,
    [at('OAUTHBEARER', 'sasl.jaas.config')]:
      `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
}

function tlsProperties(listener: string, dir: string, auth: string): Record<string, string> {
  const at = (key: string): string => `listener.name.${listener}.ssl.${key}`;
  return {
    [at('client.auth')]: auth,
    [at('keystore.type')]: 'PEM',
    [at('keystore.location')]: join(dir, 'broker.pem'),
    [at('truststore.type')]: 'PEM',
    [at('truststore.location')]: join(dir, 'ca.crt'),
  };
}

function drawCertificates(dir: string): Omit<KafkaSecurity, 'user'> {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  openssl(
    ...['req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt'],
    ...['-days', '30', '-subj', '/CN=tollbook test authority'],
  );
  writeFileSync(join(dir, 'names.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['broker', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key'],
      ...['-CAcreateserial', '-days', '30', '-extfile', 'names.ext', '-out', `${name}.crt`],
    );
  }
  const text = (name: string): string => readFileSync(join(dir, name), 'utf8');
  writeFileSync(join(dir, 'broker.pem'), text('broker.key') + text('broker.crt'));
  return {
    ca: text('ca.crt'),
    clientKey: text('client.key'),
    clientCertificate: text('client.crt'),
  };
}
