#![allow(missing_docs, clippy::disallowed_methods, clippy::unwrap_used)]
use planner::roster::{check, read, solve};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let problem = read(&std::fs::read_to_string(&args[1]).unwrap()).unwrap();
    let seconds: f64 = args[2].parse().unwrap();
    let seed: u64 = args[3].parse().unwrap();
    let began = cpu();
    let mut n = 0u64;
    let mut gone = 0.0;
    let plan = solve(&problem, seed, |_| {
        n += 1;
        if n % 16 == 0 {
            gone = (cpu() - began) / seconds;
        }
        gone
    })
    .unwrap();
    let verdict = check(&problem, &plan.roster);
    println!(
        "{} objective {} checked {} breaches {} rounds {} t {:.1}",
        args[1].rsplit('/').next().unwrap(),
        plan.objective,
        verdict.objective(),
        verdict.breaches.len(),
        plan.rounds,
        cpu() - began
    );
    for b in verdict.breaches.iter().take(5) {
        println!("  {b}");
    }
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    s.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
