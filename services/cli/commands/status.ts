import { answerOf } from '../answer.ts';
import { openClient } from '../client.ts';
import { REMOTE } from '../command.ts';
import type { Command } from '../command.ts';
import { table } from '../output.ts';

export const statusCommand: Command = {
  name: 'status',
  usage: ['status'],
  options: REMOTE,
  maxArgs: 0,
  async run(invocation) {
    const client = await openClient(invocation);
    const value = await client.get('/v1/status');
    const status = answerOf(value);
    invocation.out.result(value, () => {
      const views = status
        .list('views')
        .map((view) => [
          view.text('view'),
          view.number('lagEvents'),
          `${((view.number('lagMs') ?? 0) / 1000).toFixed(1)} s`,
          view.number('eventsPerSecond'),
        ]);
      return [
        `tollbook is up at ${client.url}`,
        `${(status.number('events') ?? 0).toLocaleString('en')} events, ${(status.number('eventsPerSecond') ?? 0).toLocaleString('en')}/s, ${status.number('quarantined') ?? 0} in quarantine`,
        '',
        table(['VIEW', 'BEHIND', 'OLDEST', 'EVENTS/S'], views),
      ].join('\n');
    });
  },
};
