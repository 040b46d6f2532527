//! The core's parts natively, one group for each: `cargo bench --package bench-core`.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use bench_core::sample;
use bench_core::work::Work;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn core(criterion: &mut Criterion) {
    for size in sample::SIZES {
        let work = Work::new(size);
        let event = work.read().expect("samples are accepted");
        let bytes = u64::try_from(work.body_bytes()).expect("a body's size");
        let mut group = criterion.benchmark_group("core");
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(BenchmarkId::new("verify", size), |bencher| {
            bencher.iter(|| work.verify());
        });
        group.bench_function(BenchmarkId::new("read", size), |bencher| {
            bencher.iter(|| work.read());
        });
        group.bench_function(BenchmarkId::new("normalise", size), |bencher| {
            bencher.iter(|| work.normalise(&event));
        });
        group.bench_function(BenchmarkId::new("whole", size), |bencher| {
            bencher.iter(|| work.whole());
        });
    }
}

criterion_group!(benches, core);
criterion_main!(benches);
