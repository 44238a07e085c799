import { access } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '#test/support/requirements.ts';
import { openHouse } from '../api/support/house.ts';
import type { House } from '../api/support/house.ts';
import { call, SAM } from '../api/support/samples.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function findChromium(): Promise<string | undefined> {
  for (const path of CHROMIUM) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  missing('chromium', `none of ${CHROMIUM.join(', ')} is there`);
  return undefined;
}

const executablePath = await findChromium();

describe.skipIf(executablePath === undefined)('the console in a real browser', () => {
  let house: House;
  let browser: Browser;
  let url: string;
  const faults: string[] = [];

  beforeAll(async () => {
    house = await openHouse();
    await house.tell([...call('b1'), ...call('b2', 'globex', { at: 200 })]);
    url = await house.api.listen({ port: 0, host: '127.0.0.1' });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: QUIET });
  });
  afterAll(async () => {
    await browser.close();
    await house[Symbol.asyncDispose]();
  });

  async function openPage(width: number, role: 'operator' | 'auditor' = 'operator'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 844 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) faults.push(`asked ${request.url()}`);
    });
    await page.goto(`${url}/#token=${house.tokens[role]}`);
    await page
      .getByRole('button', { name: /^\d\d:\d\d:\d\d$|^\d\d-\d\d / })
      .first()
      .waitFor();
    return page;
  }

  it('shows the living ledger, numbers masked, and takes the token out of the address bar', async () => {
    const page = await openPage(1280);
    expect(page.url()).toBe(`${url}/`);
    expect(await page.locator('#latest tr').count()).toBe(2);
    await expect.poll(() => page.locator('#live-text').textContent()).toBe('Live');
    await expect.poll(() => page.locator('#views').textContent()).toContain('up to date');
    const text = await page.locator('body').innerText();
    expect(text).toContain('••••');
    expect(text).not.toContain(SAM);
    expect(await page.locator('#events').textContent()).not.toBe('–');
    await page.close();
  });

  it('opens a timeline with the keyboard alone, and gives the focus back', async () => {
    const page = await openPage(1280);
    const row = page.locator('#latest button').first();
    await row.focus();
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog');
    await sheet.getByText('call answered').waitFor();
    expect(await sheet.innerText()).not.toContain(SAM);
    await page.keyboard.press('Escape');
    await expect.poll(() => sheet.isVisible()).toBe(false);
    expect(await row.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.close();
  });

  it('opens numbers for a purpose, and offers an auditor none', async () => {
    const page = await openPage(1280);
    await page.locator('#latest button').first().click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Purpose').selectOption('fault_finding');
    await sheet.getByRole('button', { name: 'Open numbers' }).click();
    await sheet.getByText(SAM).waitFor();
    await page.close();
    const auditor = await openPage(1280, 'auditor');
    await auditor.locator('#latest button').first().click();
    await auditor.getByRole('dialog').getByText('call answered').waitFor();
    expect(await auditor.getByRole('button', { name: 'Open numbers' }).count()).toBe(0);
    await auditor.close();
  });

  it('fits a phone without sideways scrolling', async () => {
    const page = await openPage(390);
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    expect(await width()).toBe(390);
    await page.locator('#latest button').first().click();
    await page.getByRole('dialog').getByText('call answered').waitFor();
    expect(await width()).toBe(390);
    await page.goto(`${url}/docs`);
    await page.getByText('/v1/communications/{id}/open').waitFor();
    expect(await width()).toBe(390);
    await page.close();
  });

  it('signs in by hand, says why a token is refused, and forgets it on leaving', async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByLabel('Token').fill('tb_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('alert')
      .getByText(/unknown, expired or revoked/)
      .waitFor();
    await page.getByLabel('Token').fill(house.tokens.operator);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#latest tr').first().waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
    await page.close();
  });

  it('did all this without an error and without asking any other host', () => {
    expect(faults).toEqual([]);
  });
});
