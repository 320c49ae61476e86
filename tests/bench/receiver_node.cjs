// A receiver as it is written in an afternoon, in node: http, pg's pool, an insert for each event.
// Run as a program: node receiver_node.cjs FOLDER_OF_SOCKET DATABASE USER (NODE_PATH leads to pg).
"use strict";
const crypto = require("node:crypto");
const http = require("node:http");
const { Pool } = require("pg");

const [host, database, user] = process.argv.slice(2);
const SECRET = "s3cr3t";
const TENANT = "00000000-0000-0000-0000-00000000beef";
const INSERT = `insert into marketing_events (tenant_id, id, event_type, source_type, contact_id,
campaign_event_id, campaign_id, email_id, occurred_at, received_at, agent_class, payload, metadata)
values ($1, $2, 'sent', 'mautic.email_on_send', $3, 0, 0, $4, $5, now(), '', $6, '{}')
on conflict do nothing`;
const pool = new Pool({ host, database, user, max: 20 });

function id(name) {
  const hex = crypto.createHash("sha1").update(name).digest("hex").slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function insert(items) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    for (const item of items) {
      await client.query(INSERT, [TENANT, id(item.idHash), item.contact.id, item.email.id,
        item.timestamp, JSON.stringify(item)]);
    }
    await client.query("commit");
  } finally {
    client.release();
  }
}

const server = http.createServer((request, answer) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    if (request.url !== "/webhooks/mautic") {
      answer.writeHead(404).end();
      return;
    }
    const body = Buffer.concat(parts);
    const right = crypto.createHmac("sha256", SECRET).update(body).digest();
    const given = Buffer.from(request.headers["webhook-signature"], "base64");
    if (given.length !== right.length || !crypto.timingSafeEqual(given, right)) {
      answer.writeHead(401).end();
      return;
    }
    await insert(JSON.parse(body)["mautic.email_on_send"]);
    answer.writeHead(200, { "content-length": 0 }).end();
  });
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.error(`http://127.0.0.1:${server.address().port}/`);
});
process.on("SIGTERM", () => process.exit(0));
