//! Programs from packages of the distribution.

use super::report::Report;
use crate::command::{is_there, program, read, run};

/// A program and the package that contains it.
struct Program {
    /// The names or paths of the installed program.
    names: &'static [&'static str],
    package: &'static str,
}

const PROGRAMS: [Program; 7] = [
    Program {
        names: &["/usr/bin/chromium"],
        package: "chromium",
    },
    Program {
        names: &["/usr/sbin/haproxy"],
        package: "haproxy",
    },
    Program {
        names: &["/usr/sbin/nginx"],
        package: "nginx",
    },
    Program {
        names: &["node"],
        package: "nodejs",
    },
    Program {
        names: &["npm"],
        package: "npm",
    },
    Program {
        names: &["/usr/bin/prometheus"],
        package: "prometheus",
    },
    Program {
        names: &["python3"],
        package: "python3-venv",
    },
];

/// Installs the programs that are missing.
pub(super) fn packages(report: &mut Report) {
    let missing = || {
        PROGRAMS
            .iter()
            .filter(|program| !program.names.iter().any(|name| is_there(name)))
    };
    let packages: Vec<_> = missing().map(|program| program.package).collect();
    if packages.is_empty() {
        return;
    }
    println!("   installing {}", packages.join(" "));
    let why = match install(&packages) {
        Ok(()) => "the installed package does not contain it; install it by hand".to_owned(),
        Err(why) => why,
    };
    for program in missing() {
        report.client(program.package, &why);
    }
}

fn install(packages: &[&str]) -> Result<(), String> {
    let advice = format!("install by hand: {}", packages.join(" "));
    if !is_there("apt-get") {
        return Err(format!("apt-get is missing; {advice}"));
    }
    let user = read(program("id").arg("-u")).unwrap_or_default();
    if user.trim() != "0" {
        return Err(format!(
            "only root may install packages; run `apt-get install {}`",
            packages.join(" ")
        ));
    }
    let apt = || {
        let mut apt = program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .arg("--quiet=2");
        apt
    };
    // The installation may succeed with an old list of packages.
    if let Err(failure) = run(apt().arg("update")) {
        println!("   {failure}");
    }
    let mut install = apt();
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages);
    run(&mut install).map_err(|failure| failure.to_string())
}
