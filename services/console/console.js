import { byId } from './dom.js';
import { showStatus } from './figures.js';
import { showLatest } from './latest.js';
import { dropToken, keepToken, takeToken } from './session.js';
import { openSheet, wireSheet } from './sheet.js';
import { follow } from './stream.js';

let following = new AbortController();
let paused = false;
let latest = [];
let finished = [];

function setState(state, text) {
  const live = byId('live');
  if (live.dataset.state === state && byId('live-text').textContent === text) return;
  live.dataset.state = state;
  byId('live-text').textContent = text;
}

function notice(text) {
  byId('notice').textContent = text ?? '';
  byId('notice').hidden = text === undefined;
}

/** Rows hold still under a pointer or the keyboard: nobody can open a row that runs away. */
function isHeld() {
  const body = byId('latest');
  return (
    body.contains(document.activeElement) ||
    (matchMedia('(hover: hover)').matches && body.matches(':hover'))
  );
}

function draw() {
  const kind = byId('kind').value;
  const items =
    kind === 'finished' ? finished : latest.filter((item) => kind === '' || item.kind === kind);
  showLatest(items, openSheet);
}

function enter() {
  following.abort();
  following = new AbortController();
  byId('enter').hidden = true;
  byId('ledger').hidden = false;
  byId('pause').hidden = false;
  byId('leave').hidden = false;
  setState('wait', 'Connecting');
  follow(
    {
      ledger(snapshot) {
        notice();
        if (paused) return;
        latest = snapshot.latest;
        finished = snapshot.finished;
        showStatus(snapshot.status);
        byId('held').hidden = !isHeld();
        if (!isHeld()) draw();
      },
      problem: (problem) => notice(problem.detail),
      state: (state) =>
        setState(
          paused && state === 'on' ? 'wait' : state,
          state !== 'on' ? 'Connecting again' : paused ? 'Paused' : 'Live',
        ),
      refused(problem) {
        dropToken();
        leave(problem.message);
      },
    },
    following.signal,
  );
}

function leave(text) {
  following.abort();
  byId('enter').hidden = false;
  byId('ledger').hidden = true;
  byId('pause').hidden = true;
  byId('leave').hidden = true;
  setState('off', 'Not connected');
  notice(text);
  byId('token').focus();
}

byId('enter-form').addEventListener('submit', (event) => {
  event.preventDefault();
  keepToken(byId('token').value.trim());
  byId('token').value = '';
  notice();
  enter();
});
byId('leave').addEventListener('click', () => {
  dropToken();
  leave();
});
byId('pause').addEventListener('click', () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  setState(paused ? 'wait' : 'on', paused ? 'Paused' : 'Live');
});
byId('kind').addEventListener('change', draw);
addEventListener('hashchange', () => takeToken() !== undefined && enter());
wireSheet();
if (takeToken() === undefined) leave();
else enter();
