// What every browser has, and not every Node.js that the packages ask for.

import WebSocket from 'ws';

globalThis.WebSocket ??= WebSocket;
