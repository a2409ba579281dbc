// The page plots the metrics of demo traffic, on a desktop and on a phone.
//
//   PLAYWRIGHT=…/node_modules/playwright-core/index.mjs node e2e.mjs http://127.0.0.1:3000
//
// CHROMIUM is the path of the browser, SCREENSHOTS a folder for screenshots.

import assert from 'node:assert/strict';
import { join } from 'node:path';

const { chromium } = await import(process.env.PLAYWRIGHT ?? 'playwright-core');
const base = process.argv[2] ?? 'http://127.0.0.1:3000';
const screenshots = process.env.SCREENSHOTS;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
const errors = [];

try {
  const desktop = await open('desktop', { viewport: { width: 1280, height: 900 } });
  const phone = await open('phone', {
    viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark',
  });
  await desktop.getByRole('button', { name: 'Start demo traffic' }).click();
  for (const page of [desktop, phone]) {
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await tile(page, 'Connections').filter({ hasText: '6' }).waitFor();
    await tile(page, 'Sockets').filter({ hasText: '6' }).waitFor();
    for (const [title, names] of [
      ['Connections', ['websocket']],
      ['Events', ['add', 'search', 'say', '_other']],
      ['Duration of events', ['p50', 'p95', 'p99']],
      ['Failed events', ['rejected', 'error']],
      ['Payload', ['received', 'sent']],
    ]) {
      const chart = page.locator('article', { has: page.getByRole('heading', { name: title, exact: true }) });
      for (const name of names) {
        await chart.locator('.legend li', { hasText: name }).first().waitFor();
      }
      assert.ok(await chart.locator('svg path').count() >= names.length, title);
    }
  }
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.ok(!wide, 'the page fits the phone');
  await picture(desktop, 'desktop');
  await picture(phone, 'phone');

  await desktop.getByRole('button', { name: 'Stop demo traffic' }).click();
  for (const page of [desktop, phone]) {
    await tile(page, 'Connections').filter({ hasText: /^Connections0$/ }).waitFor();
  }
  assert.deepEqual(errors, []);
} finally {
  await browser.close();
}

async function open(name, options) {
  const page = await (await browser.newContext(options)).newPage();
  page.on('pageerror', (error) => errors.push(`${name}: ${error}`));
  page.on('console', (message) => message.type() === 'error' && errors.push(`${name}: ${message.text()}`));
  await page.goto(base);
  return page;
}

function tile(page, title) {
  return page.locator('.tile', { has: page.getByText(title, { exact: true }) });
}

async function picture(page, name) {
  if (screenshots) {
    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  }
}
