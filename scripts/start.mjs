// `npm start`: the demo, or `headgate ARGS` where arguments are given. Runs in this process, so that Ctrl-C reaches it.
const needed = 24;
const major = Number(process.versions.node.split('.')[0]);

/** A signal sent to npm ends npm and its shell, not what they started: this follows them. */
const endWithParent = () => {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
};

if (major < needed) {
  console.error(`headgate: this is Node ${process.versions.node}, and ${needed} or later is needed.
Node ${needed} comes with the packages, through an install script; scripts may be switched off (npm config get ignore-scripts).
Run: npm ci --ignore-scripts=false, or put Node ${needed} on the PATH.`);
  process.exitCode = 1;
} else {
  endWithParent();
  if (process.argv.length === 2) process.argv.push('demo');
  await import('../src/main.ts');
}
