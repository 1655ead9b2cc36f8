// A real client for test_clients.py: connects, lists, calls, reads, listens, and prints what it has seen as JSON.
//     node client.mjs FOLDER KIND VERSION TARGET…
// KIND: http (TARGET is the URL; the token is TALOME_TOKEN) or stdio (TARGET is the program and its arguments)
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [folder, kind, version, ...target] = process.argv.slice(2);
const require = createRequire(folder + '/package.json');
const load = name => import(pathToFileURL(require.resolve(name)).href);
const newest = version === 'newest';

const {Client, StreamableHTTPClientTransport} = newest
  ? await load('@modelcontextprotocol/client')
  : {...await load('@modelcontextprotocol/sdk/client/index.js'), ...await load('@modelcontextprotocol/sdk/client/streamableHttp.js')};
const {StdioClientTransport} = await load(newest ? '@modelcontextprotocol/client/stdio' : '@modelcontextprotocol/sdk/client/stdio.js');

const seen = {};
let changed;
const change = new Promise(resolve => { changed = resolve; });
const options = {capabilities: {elicitation: {}, sampling: {}}};
if (newest) options.versionNegotiation = {mode: {pin: '2026-07-28'}};
options.listChanged = {tools: {onChanged: () => changed(), debounceMs: 0, autoRefresh: false}};
const client = new Client({name: 'talome-test', version: '1.0.0'}, options);
const elicit = async request => { seen.asked = request.params.message; return {action: 'accept', content: {username: 'anna', email: 'a@example.com'}}; };
if (newest) client.setRequestHandler('elicitation/create', elicit);
else client.setRequestHandler((await load('@modelcontextprotocol/sdk/types.js')).ElicitRequestSchema, elicit);

const transport = kind === 'http'
  ? new StreamableHTTPClientTransport(new URL(target[0]), {requestInit: {headers: {Authorization: 'Bearer ' + process.env.TALOME_TOKEN}}})
  : new StdioClientTransport({command: target[0], args: target.slice(1), env: {...process.env}});
await client.connect(transport);
seen.server = client.getServerVersion()?.name;
seen.tools = (await client.listTools()).tools.map(each => each.name);
seen.text = (await client.callTool({name: 'test_simple_text', arguments: {}})).content[0].text;
seen.structured = (await client.callTool({name: 'many_tool_7', arguments: {name: 'x', limit: 9}})).structuredContent;
seen.wrong = (await client.callTool({name: 'many_tool_7', arguments: {limit: 9}})).content[0].text;
seen.unknown = await client.callTool({name: 'no_such_tool', arguments: {}}).then(() => 'no error', error => error.code);
const steps = [];
await client.callTool({name: 'test_tool_with_progress', arguments: {}}, ...(newest ? [] : [undefined]), {onprogress: step => steps.push(step.progress)});
seen.progress = steps;
seen.elicited = (await client.callTool({name: 'test_elicitation', arguments: {message: 'Who are you?'}})).content[0].text;
seen.resource = (await client.readResource({uri: 'test://static-text'})).contents[0].text;
seen.prompt = (await client.getPrompt({name: 'test_prompt_with_arguments', arguments: {arg1: 'a', arg2: 'b'}})).messages[0].content.text;
await client.callTool({name: 'test_trigger_tool_change', arguments: {}});
seen.changed = await Promise.race([change.then(() => true), new Promise(resolve => setTimeout(resolve, 20000, false))]);
await client.close();
console.log(JSON.stringify(seen));
process.exit(0);
