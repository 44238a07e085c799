import type { Command } from '../command.ts';
import { up } from '../up/up.ts';

export const upCommand: Command = {
  name: 'up',
  usage: ['up [--traffic] [--no-traffic] [--rate N]'],
  details: [
    'Starts everything on the data folder and stays until Ctrl-C or SIGTERM, then stops in order. The first start draws\n' +
      'a token into the data folder; the URL it prints carries that token in its fragment. A later start goes on where\n' +
      'the last one stopped, however it stopped.',
    'With --traffic the built-in generator plays a telephony day into the HTTP intake (or, with TOLLBOOK_KAFKA, into Kafka).',
  ],
  options: {
    traffic: { type: 'boolean', help: 'play the built-in telephony day' },
    'no-traffic': { type: 'boolean', help: 'do not, whatever --traffic says' },
    rate: {
      type: 'string',
      value: 'N',
      help: 'events a second of the built-in traffic (else TOLLBOOK_TRAFFIC_RATE)',
    },
  },
  maxArgs: 0,
  async run(invocation) {
    await up({
      config: invocation.config,
      env: invocation.env,
      traffic: invocation.flag('traffic') && !invocation.flag('no-traffic'),
      rate: invocation.count('rate', invocation.config.trafficRate, { min: 1, max: 100_000 }),
      say: (line) =>
        invocation.out.json
          ? invocation.out.result({ line }, () => line)
          : invocation.out.line(line),
    });
  },
};
