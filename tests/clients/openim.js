// A browser's SDK of document 002, the real package, told what to do by the test that started it.
// Arguments: address of the JSON gateway, uid, token. On its input come names of the SDK's methods, one a line;
// what they come to, and events, go to its output as `WHAT JSON`.
'use strict';

globalThis.WebSocket = require('ws');
const { OpenIMSDK, CbEvents } = require('open-im-sdk');

const [url, userID, token] = process.argv.slice(2);
const say = (what, value) => process.stdout.write(`${what} ${JSON.stringify(value)}\n`);
console.log = () => {};

const sdk = new OpenIMSDK();
for (const event of [CbEvents.ONCONNECTSUCCESS, CbEvents.ONKICKEDOFFLINE]) {
  sdk.on(event, (told) => say(event, told));
}

const call = (name, work) => work.then((told) => say(name, told), (failed) => say(name, failed));
call('login', sdk.login({ userID, token, url, platformID: 5 }));

const lines = require('readline').createInterface({ input: process.stdin });
lines.on('line', (name) => call(name, sdk[name]()));
lines.on('close', () => process.exit(0));
