// MCP servers of other people's making: the official TypeScript SDK, of the legacy era (version 1) and of the modern one
// (version 2). Both have the same tools and remember what they were sent.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { McpServer as ModernServer, createMcpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';

const text = (words) => ({ content: [{ type: 'text', text: words }] });

/** `shape`: what the server's version wants of a schema. `events` hears what the tools see. */
function addTools(server, shape, events) {
  server.registerTool(
    'add',
    {
      title: 'Add two numbers',
      inputSchema: shape({ a: z.number(), b: z.number() }),
      annotations: { readOnlyHint: true },
    },
    async ({ a, b }) => text(String(a + b)),
  );
  server.registerTool('write', { inputSchema: shape({ words: z.string() }) }, async ({ words }) => {
    events.push(`wrote ${words}`);
    return text('written');
  });
  server.registerTool('fail', { inputSchema: shape({}) }, async () => ({ ...text('\x1b[2Jno luck'), isError: true }));
  server.registerTool('wait', { inputSchema: shape({}) }, async (_, context) => {
    const signal = context.signal ?? context.mcpReq.signal;
    events.push('waiting');
    if (!signal.aborted) await once(signal, 'abort');
    events.push('cancelled');
    return text('given up');
  });
  return server;
}

class Peer {
  requests = []; // {method, headers}
  events = []; // what the tools saw

  constructor(answer) {
    this.server = createServer((request, response) => {
      this.requests.push({ method: request.method, headers: request.headers });
      answer(request, response).catch((error) => response.destroy(error));
    });
  }

  async start(t) {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}/mcp`;
    t.after(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
    return this;
  }
}

/** With sessions. `forget()` loses them all, as a restart would. */
export function startLegacyPeer(t) {
  const sessions = new Map();
  const peer = new Peer(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    let transport = sessions.get(id);
    if (transport === undefined && id !== undefined) return response.writeHead(404).end();
    if (transport === undefined) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => sessions.set(session, transport),
      });
      const server = new LegacyServer({ name: 'legacy-peer', version: '1' });
      await addTools(server, (shape) => shape, peer.events).connect(transport);
    }
    return transport.handleRequest(request, response);
  });
  peer.forget = () => sessions.clear();
  return peer.start(t);
}

export function startModernPeer(t) {
  const handle = toNodeHandler(
    createMcpHandler(() => addTools(new ModernServer({ name: 'modern-peer', version: '2' }), z.object, peer.events)),
  );
  const peer = new Peer(async (request, response) => handle(request, response));
  return peer.start(t);
}
