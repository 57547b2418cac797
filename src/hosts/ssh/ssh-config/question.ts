/** How an ssh config is asked. */
export interface SshConfigOptions {
  /** Another file than the user's own; the system-wide one is not read then either, as with `ssh -F`. */
  configPath?: string;
  /** The `ssh` program. */
  sshPath?: string;
  /** Values for `${NAME}` in paths, and the environment of `Match exec` and of a `ProxyCommand`. */
  environment?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal;
}

/** As on the command line of `ssh`: wins over the config, and `Match` sees it. */
export interface SshLogin {
  user?: string;
  port?: number;
}
