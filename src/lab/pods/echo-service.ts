/** Sends back what it gets, over TCP and UDP: for traffic that is no HTTP. Loopback only. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server } from "node:net";

/** Starts a TCP server on a free port. The caller closes it. */
export function startTcpEcho(): Promise<Server> {
  const server = createServer((socket) => {
    // A client that breaks off is no trouble of the service.
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** Starts a UDP server on a free port. The caller closes it. */
export function startUdpEcho(): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, sender) => socket.send(message, sender.port, sender.address));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", () => resolve(socket));
  });
}
