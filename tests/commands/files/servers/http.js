const http = require('http');
const server = http.createServer((q, r) => {
    let body = '';
    q.on('data', c => body += c);
    q.on('end', () => { r.setHeader('x-method', q.method); r.end(q.url + ':' + body.toUpperCase()); });
});
server.listen(0, '127.0.0.1', async () => {
    const port = server.address().port, agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const ask = (method, path, body) => new Promise((ok, no) => {
        const q = http.request({ agent, port, host: '127.0.0.1', method, path }, r => {
            let text = '';
            r.on('data', c => text += c);
            r.on('end', () => ok(r.statusCode + ' ' + r.headers['x-method'] + ' ' + text));
        });
        q.on('error', no);
        q.end(body);
    });
    console.log(await ask('GET', '/a'));
    console.log(await ask('POST', '/b', 'hello'));
    const all = await Promise.all([...Array(200).keys()].map(i => ask('GET', '/n' + i)));
    console.log(all.length, new Set(all).size);
    console.log((await ask('POST', '/big', 'x'.repeat(1 << 20))).length);
    const lo = require('os').networkInterfaces().lo;
    console.log(lo.map(a => a.address + ' ' + a.netmask).join(', '));
    agent.destroy();
    server.close(() => {
        console.log('closed');
        require('net').connect(port, '127.0.0.1').on('error', e => console.log(e.code));
    });
});
