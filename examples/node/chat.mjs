// A chat call and a streamed one through Steno, with Anthropic's own client. Only the base URL is different.
//
//   npm install @anthropic-ai/sdk
//   ANTHROPIC_BASE_URL=http://127.0.0.1:8787/anthropic ANTHROPIC_API_KEY=… node chat.mjs
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ defaultHeaders: { "x-steno-session": "example-node", "x-steno-tags": "example" } });

const answer = await client.messages.create({
  model: "claude-sonnet-5",
  max_tokens: 200,
  messages: [{ role: "user", content: "When is the meeting?" }],
});
console.log(answer.content.map((block) => block.text ?? "").join(""));

const stream = client.messages.stream({
  model: "claude-sonnet-5",
  max_tokens: 200,
  messages: [{ role: "user", content: "And where?" }],
});
stream.on("text", (text) => process.stdout.write(text));
await stream.finalMessage();
console.log();
