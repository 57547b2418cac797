/** Who may know whom: `modules -> agents, hosts -> platform`, as ARCHITECTURE.md says. */
module.exports = {
  forbidden: [
    {
      name: 'modules-enter-by-the-front-door',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/' },
      to: {
        path: '^src/modules/([^/]+)/',
        pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'modules-know-only-what-is-below',
      comment: 'groupchat -> autorun -> worktrees -> sessions -> remotes, usage',
      severity: 'error',
      from: { path: '^src/modules/(remotes|usage|sessions|worktrees|autorun)/' },
      to: { path: '^src/modules/groupchat/' },
    },
    {
      name: 'worktrees-and-below-know-no-autorun',
      severity: 'error',
      from: { path: '^src/modules/(remotes|usage|sessions|worktrees)/' },
      to: { path: '^src/modules/autorun/' },
    },
    {
      name: 'sessions-and-below-know-no-worktrees',
      severity: 'error',
      from: { path: '^src/modules/(remotes|usage|sessions)/' },
      to: { path: '^src/modules/worktrees/' },
    },
    {
      name: 'remotes-and-usage-know-no-sessions',
      severity: 'error',
      from: { path: '^src/modules/(remotes|usage)/' },
      to: { path: '^src/modules/sessions/' },
    },
    {
      name: 'platform-knows-no-product',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(modules|agents|hosts|cli)/' },
    },
    {
      name: 'hosts-and-agents-know-no-module-nor-each-other',
      severity: 'error',
      from: { path: '^src/(hosts|agents)/' },
      to: { path: '^src/modules/' },
    },
    {
      name: 'hosts-know-no-agents',
      severity: 'error',
      from: { path: '^src/hosts/' },
      to: { path: '^src/agents/' },
    },
    {
      name: 'typeorm-stays-in-storage',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['/storage/', '\\.module\\.ts$', '^src/platform/database/', '^src/migrations/'],
      },
      to: { path: 'node_modules/(@nestjs/typeorm|typeorm|pg)/' },
    },
    {
      name: 'ssh2-stays-in-ssh',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/hosts/ssh/', '^src/cli/demo/loopback-ssh-server\\.ts$'],
      },
      to: { path: 'node_modules/ssh2/' },
    },
    {
      name: 'bullmq-stays-in-queue',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/queue/' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'socket-io-stays-in-realtime',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/platform/realtime/', '^src/cli/'] },
      to: { path: 'node_modules/(socket\\.io|socket\\.io-client)/' },
    },
    {
      name: 'the-cli-is-a-client',
      comment: 'Only `serve` starts the server; everything else speaks HTTP.',
      severity: 'error',
      from: { path: '^src/cli/', pathNot: '^src/cli/serve\\.command\\.ts$' },
      to: { path: '^src/(modules|main|app\\.module)' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
