import { expect, test } from 'vitest';
import { PlatformError, SETTINGS, loadConfig } from '#platform';

test('without any setting everything has its documented default', () => {
  const config = loadConfig({}, '/srv/ledger');
  expect(config).toMatchObject({
    data: '/srv/ledger/.tollbook',
    host: '127.0.0.1',
    kafka: [],
    journal: 'postgres',
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('the root key lives beside the data folder, never inside it', () => {
  expect(loadConfig({}, '/srv').root).toBe('/srv/.tollbook-root');
  expect(loadConfig({ TOLLBOOK_DATA: '/var/x' }, '/srv').root).toBe('/var/x-root');
  expect(loadConfig({ TOLLBOOK_ROOT: 'keys' }, '/srv').root).toBe('/srv/keys');
});

test('a list setting is split at commas', () => {
  expect(loadConfig({ TOLLBOOK_KAFKA: 'a:1, b:2,' }).kafka).toEqual(['a:1', 'b:2']);
});

test('a bad value is refused by the name of its setting and what it takes', () => {
  expect(() => loadConfig({ TOLLBOOK_PORT: '70000' })).toThrow(
    new PlatformError('bad_setting', 'TOLLBOOK_PORT must be a whole number from 0 to 65535'),
  );
  expect(() => loadConfig({ TOLLBOOK_KAFKA_SASL: 'magic' })).toThrow(/must be one of none, plain/);
});

test('a misspelt setting is refused instead of ignored', () => {
  expect(() => loadConfig({ TOLLBOOK_PROT: '1' })).toThrow(
    /TOLLBOOK_PROT is no setting of tollbook/,
  );
});

test('every setting says what it is for', () => {
  for (const { name, help } of Object.values(SETTINGS)) {
    expect(name).toMatch(/^TOLLBOOK_[A-Z_]+$/);
    expect(help.length).toBeGreaterThan(10);
  }
});
