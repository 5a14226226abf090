// Messages of LeanCloud's own SDK for document 000, the real classes of npm's `leancloud-realtime`.
// `write TEXT AVATAR` says the message that a phone would send; `read MESSAGE` says what a phone makes of one:
// {"type","text","attributes"}. Anything the classes do not take as a text message ends with 1.
'use strict';

const { TextMessage } = require('leancloud-realtime');

const [what, first, second] = process.argv.slice(2);
if (what === 'write') {
  const message = new TextMessage(first);
  message.setAttributes({ avatar: second });
  process.stdout.write(JSON.stringify(message.getPayload()));
} else {
  const json = JSON.parse(first);
  if (!TextMessage.validate(json)) process.exit(1);
  const { type, text, attributes } = TextMessage.parse(json);
  process.stdout.write(JSON.stringify({ type, text, attributes }));
}
