;; The two passes of resample.ts over bytes of RGB pictures. Positions are bytes of the memory; taps are int32: the first source
;; byte (row) of each output, and `count` weights of it. Sums are whole numbers of 22 more bits, half of one added to round.
;; Both write, and read, up to 15 bytes past the end; what is written there in a row is written over by the next.
(module
  (memory (export "memory") 1)

  ;; Each row resampled: a pixel is four lanes, of which the last is the neighbour's red and comes to nothing.
  (func (export "horizontal")
    (param $from i32) (param $line i32) (param $rows i32) (param $first i32) (param $weights i32) (param $count i32) (param $outputs i32) (param $to i32)
    (local $x i32) (local $tap i32) (local $left i32) (local $pixel i32) (local $weight i32) (local $sum v128)
    (local.set $outputs (i32.shl (local.get $outputs) (i32.const 2)))
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $x (i32.const 0))
        (local.set $weight (local.get $weights))
        (loop $output
          (local.set $pixel (i32.add (local.get $from) (i32.load (i32.add (local.get $first) (local.get $x)))))
          (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
          (local.set $left (local.get $count))
          (loop $tap
            (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
              (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel))))
              (v128.load32_splat (local.get $weight)))))
            (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
            (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
            (br_if $tap (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          (local.set $sum (i32x4.shr_u (local.get $sum) (i32.const 22)))
          (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
          (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
          (local.set $to (i32.add (local.get $to) (i32.const 3)))
          (br_if $output (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 4))) (local.get $outputs))))
        (local.set $from (i32.add (local.get $from) (local.get $line)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $row))))

  ;; Each column resampled, sixteen bytes at a time.
  (func (export "vertical")
    (param $from i32) (param $line i32) (param $first i32) (param $weights i32) (param $count i32) (param $outputs i32) (param $to i32)
    (local $x i32) (local $left i32) (local $row i32) (local $bytes i32) (local $weight i32)
    (local $v v128) (local $w v128) (local $half v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $output
      (local.set $row (i32.add (local.get $from) (i32.mul (local.get $line) (i32.load (local.get $first)))))
      (local.set $x (i32.const 0))
      (loop $sixteen
        (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (local.set $bytes (i32.add (local.get $row) (local.get $x)))
        (local.set $weight (local.get $weights))
        (local.set $left (local.get $count))
        (loop $tap
          (local.set $v (v128.load (local.get $bytes)))
          (local.set $w (v128.load32_splat (local.get $weight)))
          (local.set $half (i16x8.extend_low_i8x16_u (local.get $v)))
          (local.set $a (i32x4.add (local.get $a) (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $half)) (local.get $w))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $half)) (local.get $w))))
          (local.set $half (i16x8.extend_high_i8x16_u (local.get $v)))
          (local.set $c (i32x4.add (local.get $c) (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $half)) (local.get $w))))
          (local.set $d (i32x4.add (local.get $d) (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $half)) (local.get $w))))
          (local.set $bytes (i32.add (local.get $bytes) (local.get $line)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tap (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (v128.store (i32.add (local.get $to) (local.get $x)) (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s (i32x4.shr_u (local.get $a) (i32.const 22)) (i32x4.shr_u (local.get $b) (i32.const 22)))
          (i16x8.narrow_i32x4_s (i32x4.shr_u (local.get $c) (i32.const 22)) (i32x4.shr_u (local.get $d) (i32.const 22)))))
        (br_if $sixteen (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $line))))
      (local.set $to (i32.add (local.get $to) (local.get $line)))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
      (br_if $output (local.tee $outputs (i32.sub (local.get $outputs) (i32.const 1)))))))
