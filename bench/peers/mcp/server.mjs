// The tool `add` on an official TypeScript SDK, at /mcp: SDK=v1 as its stateless example does it, SDK=v2 by
// createMcpHandler. Neither checks a token nor keeps a log.
import { createServer } from 'node:http';

import { z } from 'zod';

const SPEC = { title: 'Add', description: 'Adds two numbers.', inputSchema: { a: z.number(), b: z.number() } };
const add = ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] });

async function v1() {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
  const { StreamableHTTPServerTransport } = await import('@modelcontextprotocol/sdk/server/streamableHttp.js');
  return async (request, response) => {
    const server = new McpServer({ name: 'bench', version: '1.0.0' });
    server.registerTool('add', SPEC, add);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => {
      transport.close();
      server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(request, response);
  };
}

async function v2() {
  const { McpServer, createMcpHandler } = await import('@modelcontextprotocol/server');
  const { toNodeHandler } = await import('@modelcontextprotocol/node');
  const factory = () => {
    const server = new McpServer({ name: 'bench', version: '1.0.0' });
    server.registerTool('add', { ...SPEC, inputSchema: z.object(SPEC.inputSchema) }, add);
    return server;
  };
  return toNodeHandler(createMcpHandler(factory));
}

const handle = await { v1, v2 }[process.env.SDK]();
createServer((request, response) => {
  if (request.url === '/health/ready') response.end('{}');
  else handle(request, response);
}).listen(Number(process.env.PORT), process.env.HOST);
