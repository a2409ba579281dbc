// Two users chat in headless Chromium.
//
//   npm ci && node e2e.mjs http://127.0.0.1:3000
//
// CHROMIUM is the path of the browser, SCREENSHOTS a folder for a screenshot of each step.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const base = process.argv[2] ?? 'http://127.0.0.1:3000';
const screenshots = process.env.SCREENSHOTS;
const unique = Math.random().toString(36).slice(2, 7);
const ADA = `Ada ${unique}`;
const BOB = `Bob ${unique}`;
const ROOM = `tea-${unique}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
const errors = [];

try {
  const ada = await person(ADA, { viewport: { width: 1280, height: 800 } });
  const bob = await person(BOB, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  await step('a name is asked for and checked', async () => {
    await ada.getByRole('heading', { name: 'Welcome to the chat' }).waitFor();
    await picture(ada, 'welcome');
    await choose(ada, 'x'.repeat(25));
    await ada.getByText('Shorten it to 24').waitFor();
    await choose(ada, ADA);
    await ada.getByRole('log').waitFor();
    await choose(bob, ADA.toUpperCase());
    await bob.getByText('This name is taken').waitFor();
    await picture(bob, 'name-taken');
    await choose(bob, BOB);
    await ada.getByText(`${BOB} joined`).waitFor();
    assert.equal(await ada.locator('#members li').filter({ hasText: unique }).count(), 2);
  });

  await step('the connection is upgraded', () => ada.locator('#status.on', { hasText: 'WebSocket' }).waitFor());

  await step('messages arrive as they were written, never as markup', async () => {
    const text = `<img src=x onerror=alert(1)> & "hello" ${unique}`;
    await say(ada, text);
    await ada.locator('.mine[data-state=sent]', { hasText: text }).waitFor();
    await bob.locator('.message:not(.mine)', { hasText: text }).waitFor();
    assert.equal(await bob.locator('.message img').count(), 0);
    await say(bob, 'See https://socket.io.');
    assert.equal(await ada.locator('.text a').last().getAttribute('href'), 'https://socket.io');
  });

  await step('a typing user is shown', async () => {
    await bob.locator('#text').pressSequentially('Hm');
    await ada.getByText(`${BOB} is typing`).waitFor();
    await picture(ada, 'typing');
    await bob.locator('#text').fill('');
    await ada.locator('#typing:not(.active)').waitFor();
  });

  await step('a message that is too long is not sent', async () => {
    await ada.locator('#text').fill('m'.repeat(2001));
    await ada.locator('#text').press('Enter');
    await ada.getByText('Shorten it to 2000').waitFor();
    await ada.locator('#text').fill('');
  });

  await step('rooms are made, found and counted', async () => {
    await ada.getByLabel('Name of a new room').fill(` ${ROOM.toUpperCase()} `);
    await ada.getByLabel('Name of a new room').press('Enter');
    await ada.getByRole('heading', { name: `#${ROOM}` }).waitFor();
    await say(bob, `Where is everybody, ${unique}?`);
    await room(ada, 'general').locator('.badge', { hasText: '1' }).waitFor();
    await picture(ada, 'unread');

    await bob.getByRole('button', { name: 'Show the rooms' }).click();
    await picture(bob, 'phone-rooms');
    await room(bob, ROOM).click();
    await bob.getByRole('heading', { name: `#${ROOM}` }).waitFor();
    await ada.getByText(`${BOB} joined`).waitFor();

    await room(ada, 'general').click();
    await ada.getByText(`Where is everybody, ${unique}?`).waitFor();
    await ada.locator('.log .new').waitFor();
    assert.equal(await room(ada, 'general').locator('.badge').count(), 0);
  });

  await step('a name can be changed', async () => {
    await room(ada, ROOM).click();
    await bob.getByRole('button', { name: 'Show the rooms' }).click();
    await bob.getByRole('button', { name: 'Change your name' }).click();
    await bob.getByLabel('New name').fill(`Robert ${unique}`);
    await bob.getByRole('button', { name: 'Change', exact: true }).click();
    await ada.getByText(`${BOB} is now Robert ${unique}`).waitFor();
    await bob.keyboard.press('Escape');
  });

  await step('a reload keeps name, room, history and place', async () => {
    await say(bob, 'Before the reload');
    await bob.locator('.mine[data-state=sent]', { hasText: 'Before the reload' }).waitFor();
    await bob.reload();
    await bob.getByRole('heading', { name: `#${ROOM}` }).waitFor();
    await bob.locator('.mine', { hasText: 'Before the reload' }).waitFor();
    await say(ada, 'Welcome back');
    await bob.locator('.message:not(.mine)', { hasText: 'Welcome back' }).waitFor();
    assert.equal(await ada.getByText(`Robert ${unique} left`).count(), 0);
  });

  await step('what is written offline is sent when the network is back', async () => {
    await network(bob, false);
    await bob.getByText('Reconnecting').or(bob.getByText('cannot be reached')).first().waitFor();
    await say(bob, 'Written offline');
    await bob.locator('.mine[data-state=waiting]', { hasText: 'Written offline' }).waitFor();
    await picture(bob, 'phone-offline');
    await say(ada, 'Said meanwhile');
    await network(bob, true);
    await bob.locator('.mine[data-state=sent]', { hasText: 'Written offline' }).waitFor();
    await bob.getByText('Said meanwhile').waitFor();
    await ada.locator('.message:not(.mine)', { hasText: 'Written offline' }).waitFor();
    assert.equal(await ada.getByText('Written offline').count(), 1);
  });

  await step('the page fits a phone', async () => {
    const width = await bob.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 390);
    const send = await bob.getByRole('button', { name: 'Send' }).boundingBox();
    assert.ok(send.x + send.width <= 390 && send.y + send.height <= 844);
    await bob.getByRole('button', { name: 'Show who is here' }).click();
    await bob.locator('#members li', { hasText: ADA }).waitFor();
    await picture(bob, 'phone-members');
    await bob.keyboard.press('Escape');
  });

  await step('a second window takes over', async () => {
    const session = await bob.evaluate(() => sessionStorage.getItem('chat'));
    const twin = await bob.context().newPage();
    await twin.addInitScript((stored) => sessionStorage.setItem('chat', stored), session);
    await twin.goto(base);
    await twin.getByRole('heading', { name: `#${ROOM}` }).waitFor();
    await bob.getByText('open in another window').waitFor();
    await twin.close();
    await bob.getByRole('button', { name: 'Use this window' }).click();
    await say(bob, 'Here again');
    await ada.getByText('Here again').waitFor();
  });

  await step('who leaves is announced', async () => {
    await bob.close();
    await ada.getByText(`Robert ${unique} left`).waitFor({ timeout: 15000 });
    await picture(ada, 'left');
    await ada.emulateMedia({ colorScheme: 'dark' });
    await picture(ada, 'dark');
  });

  assert.deepEqual(errors, []);
  console.log('The chat works.');
} finally {
  await browser.close();
}

async function person(name, options) {
  const context = await browser.newContext({ ...options, locale: 'en-GB' });
  context.setDefaultTimeout(8000);
  // Block requests to other hosts.
  await context.route((url) => url.origin !== new URL(base).origin, (route) => route.abort());
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(`${name}: ${error.message}`));
  page.on('dialog', (dialog) => errors.push(`${name}: ${dialog.message()}`));
  await page.goto(base);
  return page;
}

/** Cuts every connection of a page, as a lost network does, or lets it back. */
async function network(page, up) {
  await page.context().setOffline(!up);
  // Going offline does not close an open WebSocket. The event makes the client close it.
  if (!up) await page.evaluate(() => dispatchEvent(new Event('offline')));
}

async function choose(page, name) {
  await page.getByLabel('Your name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Enter' }).click();
}

async function say(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

function room(page, name) {
  return page.locator(`[data-room="${name}"]`);
}

async function step(what, run) {
  await run();
  console.log(`ok  ${what}`);
}

async function picture(page, name) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled' });
}
