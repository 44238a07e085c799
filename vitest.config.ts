import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts', 'test/support/kafka-doorkeeper.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores run the tests, a PostgreSQL and sometimes a broker.
    maxWorkers: 2,
    pool: 'forks',
    reporters: ['default'],
  },
});
