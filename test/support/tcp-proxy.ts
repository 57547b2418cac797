export { TcpProxy } from '../../src/cli/demo/tcp-proxy.js';
