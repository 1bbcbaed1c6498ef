//! The command `opsgate` in a process of its own: to be started, frozen, killed, and read.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use opsgate::access::OWNER_EMAIL;

use crate::{Client, Database, patiently};

/// The command, with its settings in the environment.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    dir: PathBuf,
    settings: Vec<(String, String)>,
    /// The files that it may open; none: as many as the test.
    files: Option<u32>,
}

/// What a command that ended has said.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// The binary at `path`, on this database and its data directory.
    pub fn new(path: &str, database: &Database) -> Self {
        let dir = database.dir.path().to_owned();
        let data_dir = dir.display().to_string();
        Self { path: path.into(), dir, settings: Vec::new(), files: None }
            .with("data_dir", &data_dir)
            .with("database_url", database.url())
            .with("database_writers", "4")
            .with("database_readers", "4")
            .with("listen", "127.0.0.1:0")
            .with("metrics_listen", "127.0.0.1:0")
            // The one caller of a test does in seconds what is meant for many.
            .with("caller_cost_bucket", "1000000000")
            .with("caller_cost_per_second", "1000000000")
    }

    /// The same with another setting, by its name in the configuration file.
    #[must_use]
    pub fn with(&self, setting: &str, value: &str) -> Self {
        let mut program = self.clone();
        program.settings.push((format!("OPSGATE_{}", setting.to_uppercase()), value.to_owned()));
        program
    }

    /// The same, allowed to open so many files.
    #[must_use]
    pub fn with_files(&self, count: u32) -> Self {
        Self { files: Some(count), ..self.clone() }
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        let output = self.command().args(arguments).stdin(Stdio::null()).output();
        let output = patiently("the command's end", output).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Finished { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Starts a gateway and waits until it says where it listens.
    pub async fn serve(&self) -> Process {
        self.serve_with(&[]).await
    }

    /// The same, with these flags.
    pub async fn serve_with(&self, flags: &[&str]) -> Process {
        let first = self.start(flags).await;
        if !first.is_first {
            return first;
        }
        // Made beside the first, it is known to the next from its start on.
        let token = self.owner_token().await;
        first.terminate().await;
        assert!(first.ended().await.0.success());
        let mut process = self.start(flags).await;
        process.token = Some(token);
        process
    }

    /// The same, without a token for the owner where it is the first start.
    pub async fn start(&self, flags: &[&str]) -> Process {
        let log = self.dir.join(format!("{}.log", uuid::Uuid::new_v4().simple()));
        let mut child = self
            .command()
            .arg("serve")
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut said, mut is_first) = (String::new(), false);
        let address: SocketAddr = loop {
            let line = patiently("the gateway's address", lines.next_line()).await.unwrap();
            let Some(line) = line else {
                panic!("the gateway didn't start:\n{}", std::fs::read_to_string(&log).unwrap());
            };
            said += &format!("{line}\n");
            if line.contains("#invitation=") {
                is_first = true;
                continue;
            }
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.trim_end_matches("/graphql").parse().unwrap();
            }
        };
        Process { child, lines, address, said, is_first, token: None, log }
    }

    /// A token that acts as the owner.
    pub async fn owner_token(&self) -> String {
        let made = ["token", "create", "--name", "owner", "--as", OWNER_EMAIL, "--permission", "*"];
        let made = self.run(&made).await;
        assert!(made.status.success(), "{}", made.stderr);
        made.stdout.trim().to_owned()
    }

    fn command(&self) -> Command {
        let mut command = match self.files {
            None => Command::new(&self.path),
            Some(count) => {
                // The shell's own `ulimit`, as for `kill` below.
                let mut shell = Command::new("sh");
                shell.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &count.to_string()]).arg(&self.path);
                shell
            }
        };
        // A developer's own settings are no part of the test.
        let theirs = std::env::vars_os().map(|(name, _)| name);
        for name in theirs.filter(|name| name.to_string_lossy().starts_with("OPSGATE_")) {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().cloned()).current_dir(&self.dir).kill_on_drop(true);
        command
    }
}

/// A gateway in a process of its own. Killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    said: String,
    is_first: bool,
    token: Option<String>,
    log: PathBuf,
}

impl Process {
    /// What it printed until it said where it listens.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// A token that acts as the owner, made after the first start on a database.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Nobody.
    pub fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    /// Whoever shows this credential.
    pub fn client(&self, credential: &str) -> Client {
        Client::new(self.address, Some(credential))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves its metrics, as its log says.
    pub fn metrics_address(&self) -> SocketAddr {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("metrics are served")).unwrap();
        let is_of_address = |character: char| character.is_ascii_digit() || ".:".contains(character);
        let address = &line[line.find("127.0.0.1").unwrap()..];
        address[..address.find(|character| !is_of_address(character)).unwrap_or(address.len())]
            .parse()
            .unwrap()
    }

    /// Ends it as a power cut does: at once, wherever it is.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Stops it where it is, all threads of it, and waits until they stand.
    pub async fn freeze(&self) {
        self.signal("STOP").await;
        // Its state is the third field of `stat`, after the name in parentheses.
        while self.proc("stat").rsplit_once(") ").unwrap().1.as_bytes()[0] != b'T' {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        self.signal("CONT").await;
    }

    /// Asks it to stop.
    pub async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Waits until it has ended by itself; its status, and what it printed since it said where it listens.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let ended = async {
            let mut said = String::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                said += &line;
            }
            (self.child.wait().await.unwrap(), said)
        };
        patiently("the gateway's end", ended).await
    }

    /// The bytes of memory that it holds, and the most that it ever held.
    pub fn memory(&self) -> (u64, u64) {
        let status = self.proc("status");
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Where its log is.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.id())).unwrap()
    }

    async fn signal(&self, name: &str) {
        // The shell's own `kill`: every machine has it, and no code of ours is unsafe.
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &self.id()]).status().await;
        assert!(sent.unwrap().success(), "the gateway is gone:\n{}", self.log());
    }

    fn id(&self) -> String {
        self.child.id().expect("the gateway has ended").to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.lines().rev().take(40).collect::<Vec<_>>();
            eprintln!("the end of the log of the gateway on {}:", self.address);
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}
