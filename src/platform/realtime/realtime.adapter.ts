import { type INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { type Server, type ServerOptions, type Socket } from 'socket.io';
import { z } from 'zod';
import { type Principal, TokenVerifier, Unauthenticated } from '../access/index.js';
import { type Config } from '../config/index.js';
import { toCorsOrigin } from '../http/index.js';

const handshakeAuth = z.object({ token: z.string().min(1).max(1_000) });

/** Terminal input is the largest thing that a client sends. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** What the server keeps of a socket: who connected it. */
export interface SocketData {
  principal: Principal;
}

/** One socket.io server for all gateways, behind the same tokens as HTTP. */
export class RealtimeAdapter extends IoAdapter {
  private readonly tokens: TokenVerifier;

  private readonly origins: readonly string[];

  constructor(app: INestApplicationContext, { corsOrigins }: Config) {
    super(app);
    this.tokens = app.get(TokenVerifier);
    this.origins = corsOrigins;
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const server: Server = super.createIOServer(
      port,
      Object.assign({}, options, {
        maxHttpBufferSize: MAX_MESSAGE_BYTES,
        serveClient: false,
        ...(this.origins.length > 0 && { cors: { origin: toCorsOrigin(this.origins) } }),
      }),
    );
    server.use((socket: Socket, next) => {
      void this.admit(socket).then(next, next);
    });
    return server;
  }

  /** The error that keeps a socket out; nothing for one that is let in. */
  private async admit(socket: Socket): Promise<Error | undefined> {
    const auth = handshakeAuth.safeParse(socket.handshake.auth);
    const principal = auth.success ? await this.tokens.verify(auth.data.token) : null;
    if (principal === null) {
      const error = new Unauthenticated();
      return Object.assign(new Error(error.message), {
        data: { code: error.code, message: error.message, hint: error.hint },
      });
    }
    Object.assign(socket.data, { principal } satisfies SocketData);
    return undefined;
  }
}
