//! Processor time: what noise of the machine doesn't touch as it does a rate.
//!
//! On Linux, from `/proc`: of the gateway, and of all processes of the cluster together.

use std::{fs, process::Command, time::Duration};

use crate::{Result, gateway::Gateway, postgres::Postgres};

/// `USER_HZ`, the unit of the times in `/proc/PID/stat`; 100 wherever Linux runs.
const TICKS_PER_SECOND: f64 = 100.0;

/// What was used until now.
#[derive(Clone, Copy)]
pub struct Used {
    gateway: f64,
    postgres: f64,
}

impl Used {
    /// By the gateway and by the cluster.
    pub fn now(gateway: &Gateway, postgres: &Postgres) -> Result<Self> {
        let postmaster = postgres.postmaster()?;
        // What has ended counts with its parent.
        let mut ticks: f64 = stat(postmaster)?.iter().sum();
        let children = Command::new("pgrep").args(["-P", &postmaster.to_string()]).output()?;
        for child in String::from_utf8(children.stdout)?.lines() {
            // One that has ended meanwhile is missing for this once.
            ticks += child
                .parse()
                .ok()
                .and_then(|pid| stat(pid).ok())
                .map_or(0.0, |[user, system, ..]| user + system);
        }
        let [user, system, ..] = stat(gateway.pid()?)?;
        Ok(Self { gateway: (user + system) / TICKS_PER_SECOND, postgres: ticks / TICKS_PER_SECOND })
    }

    /// What each of the requests since `before` took, at this rate for this time: the gateway's microseconds, and
    /// PostgreSQL's.
    pub fn each_since(self, before: Self, rate: f64, run: Duration) -> (f64, f64) {
        let each = 1e6 / (rate * run.as_secs_f64());
        ((self.gateway - before.gateway) * each, (self.postgres - before.postgres) * each)
    }
}

/// Ticks of a process: in user mode, in the kernel, and those of children that it has waited for.
fn stat(pid: u32) -> Result<[f64; 4]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("an unknown form of /proc/PID/stat")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse);
    let mut next = || times.next().ok_or("a short /proc/PID/stat");
    Ok([next()??, next()??, next()??, next()??])
}
